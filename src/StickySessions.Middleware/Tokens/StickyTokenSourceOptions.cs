using Microsoft.AspNetCore.Http;

namespace StickySessions.Tokens;

/// <summary>
/// One place in which a policy looks for the token of a request. A token has 1 to 4096 characters, each visible ASCII or a letter of any
/// script; whatever else is found there counts as no token, for instance all that contains a space.
/// </summary>
public sealed class StickyTokenSourceOptions
{
    /// <summary>Where the token is. Default: <see cref="StickyTokenSourceKind.Cookie"/>.</summary>
    public StickyTokenSourceKind Kind { get; set; }

    /// <summary>
    /// The name of the cookie, header, parameter or route value, or the type of the claim. Needed by these, and by no other kind. Default: none.
    /// </summary>
    public string? Name { get; set; }

    /// <summary>What is made of what was found. Default: nothing.</summary>
    public StickyTokenTransformOptions Transform { get; } = new();

    /// <summary>How many bits of an IPv4 address count, 8 to 32. Default: 32.</summary>
    public int IPv4PrefixLength { get; set; } = 32;

    /// <summary>How many bits of an IPv6 address count, 16 to 128. Default: 64, which is one site.</summary>
    public int IPv6PrefixLength { get; set; } = 64;

    /// <summary>
    /// For <see cref="StickyTokenSourceKind.Claim"/>: the scheme that says who the user is, whatever else has authenticated the request. Default:
    /// none, which is <see cref="HttpContext.User"/> if it is authenticated already, else whom the application's default scheme finds.
    /// </summary>
    public string? AuthenticationScheme { get; set; }

    /// <summary>For <see cref="StickyTokenSourceKind.Custom"/>: what reads the token. From code only. Default: none.</summary>
    public IStickyTokenSource? Custom { get; set; }

    /// <summary>A cookie. If it was sent several times, each value is looked at.</summary>
    /// <param name="name">Its name, which is another one in another case.</param>
    public static StickyTokenSourceOptions Cookie(string name) => new() { Kind = StickyTokenSourceKind.Cookie, Name = name };

    /// <summary>A header, or gRPC metadata. If it was sent several times, its first value that is a token counts.</summary>
    /// <param name="name">Its name.</param>
    public static StickyTokenSourceOptions Header(string name) => new() { Kind = StickyTokenSourceKind.Header, Name = name };

    /// <summary>A parameter of the query string, decoded. If it was sent several times, the first counts.</summary>
    /// <param name="name">Its name, in any case.</param>
    public static StickyTokenSourceOptions Query(string name) => new() { Kind = StickyTokenSourceKind.Query, Name = name };

    /// <summary>A parameter of a path segment, as in <c>/cart;jsessionid=abc</c>. If there are several, the last counts.</summary>
    /// <param name="name">Its name, in any case.</param>
    public static StickyTokenSourceOptions PathParameter(string name) => new() { Kind = StickyTokenSourceKind.PathParameter, Name = name };

    /// <summary>A route value of the endpoint. Needs <c>UseRouting</c> before <c>UseStickySessions</c>.</summary>
    /// <param name="name">Its name, as in the route's template.</param>
    public static StickyTokenSourceOptions RouteValue(string name) => new() { Kind = StickyTokenSourceKind.RouteValue, Name = name };

    /// <summary>A claim of the authenticated user, before or after <c>UseAuthentication</c>; see <see cref="AuthenticationScheme"/>.</summary>
    /// <param name="type">Its type, for instance that of the name identifier.</param>
    /// <param name="authenticationScheme">The scheme that says who the user is.</param>
    public static StickyTokenSourceOptions Claim(string type, string? authenticationScheme = null)
        => new() { Kind = StickyTokenSourceKind.Claim, Name = type, AuthenticationScheme = authenticationScheme };

    /// <summary>The client's network: the last resort, read only if no source before it has found a token.</summary>
    /// <param name="ipv4">How many bits of an IPv4 address count, 8 to 32.</param>
    /// <param name="ipv6">How many bits of an IPv6 address count, 16 to 128.</param>
    public static StickyTokenSourceOptions ClientAddress(int ipv4 = 32, int ipv6 = 64)
        => new() { Kind = StickyTokenSourceKind.ClientAddress, IPv4PrefixLength = ipv4, IPv6PrefixLength = ipv6 };

    /// <summary>The thumbprint (SHA-256) of the certificate that the client has shown.</summary>
    public static StickyTokenSourceOptions ClientCertificate() => new() { Kind = StickyTokenSourceKind.ClientCertificate };

    /// <summary>Whatever the source reads.</summary>
    /// <param name="source">It must be safe for concurrent use.</param>
    public static StickyTokenSourceOptions From(IStickyTokenSource source) => new() { Kind = StickyTokenSourceKind.Custom, Custom = source };

    /// <summary>Whatever the method reads; the rules of <see cref="IStickyTokenSource.ReadAsync"/> hold.</summary>
    /// <param name="read">It must be safe for concurrent use.</param>
    public static StickyTokenSourceOptions From(Func<HttpContext, ValueTask<string?>> read) => From(new DelegateTokenSource(read));

    /// <summary>Whatever the method reads; the rules of <see cref="IStickyTokenSource.ReadAsync"/> hold.</summary>
    /// <param name="read">It must be safe for concurrent use.</param>
    public static StickyTokenSourceOptions From(Func<HttpContext, string?> read) => From(new DelegateTokenSource(context => new(read(context))));

    /// <summary>Set by a preset: for which requests the source counts. Null for all.</summary>
    internal Func<HttpContext, bool>? AppliesTo { get; set; }
}
