namespace StickySessions.Tokens;

/// <summary>Where in a request a token is.</summary>
public enum StickyTokenSourceKind
{
    /// <summary>A cookie, by name.</summary>
    Cookie,

    /// <summary>A header, by name; also gRPC metadata.</summary>
    Header,

    /// <summary>A parameter of the query string, by name.</summary>
    Query,

    /// <summary>A parameter of a path segment, by name: <c>/cart;jsessionid=abc</c>.</summary>
    PathParameter,

    /// <summary>A route value of the endpoint, by name. Needs <c>UseRouting</c> before <c>UseStickySessions</c>.</summary>
    RouteValue,

    /// <summary>
    /// A claim of the authenticated user, by type. Works before and after <c>UseAuthentication</c>: if nothing has authenticated the request yet,
    /// the source does it, without any effect on <c>HttpContext.User</c> or the response; see
    /// <see cref="StickyTokenSourceOptions.AuthenticationScheme"/>. <c>UseAuthentication</c> belongs after <c>UseStickySessions</c>: only then
    /// does the owner alone renew a sign-in's cookie that slides. Each node must be able to read the credentials: cookies need Data
    /// Protection keys that the nodes share.
    /// </summary>
    Claim,

    /// <summary>
    /// The client's network: the last resort, since many clients share an address and one client has several. Read only if no source before
    /// it has found a token.
    /// </summary>
    ClientAddress,

    /// <summary>The thumbprint (SHA-256) of the client's TLS certificate.</summary>
    ClientCertificate,

    /// <summary>What <see cref="StickyTokenSourceOptions.Custom"/> reads; from code only.</summary>
    Custom,
}
