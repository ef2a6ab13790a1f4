namespace StickySessions.Policies;

/// <summary>Kinds of applications whose sessions are known: see <see cref="StickyPolicyOptions.Apply"/>.</summary>
public enum StickyPreset
{
    /// <summary>This library's own cookie: for Blazor Server, for SignalR with cookies, for whatever keeps cookies.</summary>
    Cookie,

    /// <summary><see cref="StickyMethod.Rewrite"/> of the cookie <c>.AspNetCore.Session</c>.</summary>
    AspNetCoreSession,

    /// <summary><see cref="StickyMethod.Rewrite"/> of the cookie <c>ASP.NET_SessionId</c>.</summary>
    AspNetSessionId,

    /// <summary>
    /// <see cref="StickyMethod.Learn"/> of the cookie <c>JSESSIONID</c>, else of the path parameter <c>jsessionid</c>; a jvmRoute behind a dot is no
    /// part of either.
    /// </summary>
    Java,

    /// <summary><see cref="StickyMethod.Rewrite"/> of the cookie <c>PHPSESSID</c>.</summary>
    Php,

    /// <summary><see cref="StickyMethod.Hash"/> of the claim of the user's identifier, else of the claim <c>sub</c>.</summary>
    AuthenticatedUser,

    /// <summary>
    /// <see cref="StickyMethod.Hash"/> of the route value <c>tenant</c>, else of the header <c>X-Tenant-Id</c>, else of the claim <c>tid</c>.
    /// </summary>
    Tenant,

    /// <summary>
    /// For SignalR's clients that keep no cookies: this library's own token in the query parameter <c>sticky</c>, which the answer to <c>negotiate</c> gives
    /// them. All transports need negotiation then.
    /// </summary>
    SignalRWithoutCookies,

    /// <summary><see cref="StickyMethod.Hash"/> of the metadata <c>session-id</c>, which the client chooses.</summary>
    Grpc,

    /// <summary>
    /// <see cref="StickyMethod.Rewrite"/> of the header <c>Mcp-Session-Id</c>; not for requests of a protocol revision after 2025-11-25, which has no
    /// sessions. A successful DELETE ends the session.
    /// </summary>
    Mcp,

    /// <summary><see cref="StickyMethod.Learn"/> of the query parameter <c>sid</c>, which the body of Engine.IO's first answer gives out.</summary>
    EngineIO,

    /// <summary><see cref="StickyMethod.Hash"/> of the client's address: the last resort.</summary>
    SourceAddress,
}
