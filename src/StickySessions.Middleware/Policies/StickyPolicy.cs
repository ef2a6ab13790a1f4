using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>A policy as it stands now. Immutable; a change of configuration makes a new one.</summary>
internal sealed class StickyPolicy
{
    public const string DefaultName = "default";

    /// <summary>Enough slack that placing hardly ever has to go far, and little enough that nobody is much busier than the rest.</summary>
    public const double DefaultLoadFactor = 1.25;

    private readonly CookieBuilder _cookie;
    private readonly bool _partitioned;

    /// <param name="name">The policy's name.</param>
    /// <param name="options">Valid options, which nobody changes any more.</param>
    public StickyPolicy(string name, StickyPolicyOptions options)
    {
        Name = name;
        Method = options.Method;
        OnConflict = options.OnConflict;
        Sources = options.Sources.Count == 0 ? null
            : new TokenSourceChain([.. options.Sources], options.Method == StickyMethod.Rewrite ? RewrittenToken.OwnPart : null);
        CookieName = options.Cookie.Name!;
        CookieNames = Method == StickyMethod.Insert
            ? [CookieName]
            : [.. options.Sources.Where(source => source.Kind == StickyTokenSourceKind.Cookie).Select(source => source.Name!)];
        IdleTimeout = options.IdleTimeout;
        AbsoluteTimeout = options.AbsoluteTimeout;
        StickyByDefault = options.StickyByDefault;
        PrefersConsistency = options.OnRedisLost == RedisLostBehavior.PreferConsistency;
        FirstRequestTimeout = options.FirstRequestTimeout;
        Placement = options.Placement;
        LoadFactor = options.LoadFactor;
        OnOwnerLost = options.OnOwnerLost;
        OwnerLostWait = options.OwnerLostWait;
        RenewAfter = Shorter(options.IdleTimeout, options.Cookie.MaxAge ?? options.Cookie.Expiration) / 2;
        _cookie = options.Cookie;
        _partitioned = options.Partitioned;
    }

    public string Name { get; }

    public StickyMethod Method { get; }

    /// <summary>Whether a client holds a signed token that names the owner: it is renewed when the owner changes.</summary>
    public bool SignsTokens => Method is StickyMethod.Insert or StickyMethod.Rewrite;

    /// <summary>Whether the application's responses say which token binds a session.</summary>
    public bool ReadsResponses => Method is StickyMethod.Rewrite or StickyMethod.Learn;

    /// <summary>Null for the cookie alone.</summary>
    public TokenSourceChain? Sources { get; }

    public TokenConflictBehavior OnConflict { get; }

    public string CookieName { get; }

    /// <summary>The cookies that bind a session: this library's own, or the application's.</summary>
    public ImmutableArray<string> CookieNames { get; }

    public TimeSpan IdleTimeout { get; }

    public TimeSpan AbsoluteTimeout { get; }

    public bool StickyByDefault { get; }

    /// <summary>Whether no request is served once this node's lease has run out.</summary>
    public bool PrefersConsistency { get; }

    public TimeSpan FirstRequestTimeout { get; }

    public PlacementStrategy Placement { get; }

    /// <summary>What was configured: null for what fits the placement.</summary>
    public double? LoadFactor { get; }

    public OwnerLostBehavior OnOwnerLost { get; }

    public TimeSpan OwnerLostWait { get; }

    /// <summary>
    /// How old the token of a busy session may become before a response carries a new one. Half of what the client or the owner
    /// forgets it after: so the cookie's Max-Age slides without a Set-Cookie on every response, and once
    /// <see cref="IdleTimeout"/> has passed since a change of the secret, every live session's token is signed by the new one.
    /// </summary>
    public TimeSpan RenewAfter { get; }

    /// <summary>The attributes of the cookie for one response.</summary>
    public CookieOptions BuildCookie(HttpContext context, DateTimeOffset now)
    {
        var cookie = _cookie.Build(context, now);
        if (_partitioned)
        {
            cookie.Extensions.Add("Partitioned");
        }

        return cookie;
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan? other) => other < one ? other.Value : one;
}
