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
        CookieNames = Method == StickyMethod.Insert && Sources is null ? [CookieName] : NamesOf(options, StickyTokenSourceKind.Cookie);
        TwinName = Method == StickyMethod.Insert && options.CrossSiteTwin ? TwinOf(CookieName) : null;
        InsertsCookie = Method == StickyMethod.Insert && (Sources is null || CookieNames.Contains(CookieName));
        HeaderNames = NamesOf(options, StickyTokenSourceKind.Header);
        QueryName = Method == StickyMethod.Insert ? NamesOf(options, StickyTokenSourceKind.Query).FirstOrDefault() : null;
        PostOnly = options.PostOnly;
        EndWithCookies = [.. options.EndWithCookies];
        EndsWithDelete = options.EndsWithDelete;
        BodyToken = options.LearnFromBody is { } pattern ? TokenTransform.Finder(pattern) : null;
        IdleTimeout = options.IdleTimeout;
        AbsoluteTimeout = options.AbsoluteTimeout;
        StickyByDefault = options.StickyByDefault;
        Durability = options.Durability ?? SessionDurability.None;
        PrefersConsistency = options.OnRedisLost == RedisLostBehavior.PreferConsistency || Durability == SessionDurability.BeforeResponse;
        FirstRequestTimeout = options.FirstRequestTimeout;
        Placement = options.Placement;
        LoadFactor = options.LoadFactor;
        OnOwnerLost = options.OnOwnerLost;
        OwnerLostWait = options.OwnerLostWait;
        OneAtATime = options.OneAtATime;
        MaxQueued = options.MaxQueued;
        QueueTimeout = options.QueueTimeout;
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

    /// <summary>A second cookie for pages of other sites, or null.</summary>
    public string? TwinName { get; }

    /// <summary>Whether this library's own token is written as <see cref="CookieName"/>.</summary>
    public bool InsertsCookie { get; }

    /// <summary>The headers that bind a session: requests carry them, and responses give them out.</summary>
    public ImmutableArray<string> HeaderNames { get; }

    /// <summary>The query parameter in which this library's own token is, or null.</summary>
    public string? QueryName { get; }

    public bool PostOnly { get; }

    /// <summary>Other cookies of the application that end the session when they go.</summary>
    public ImmutableArray<string> EndWithCookies { get; }

    /// <summary>Whether a successful DELETE ends the session that its token names.</summary>
    public bool EndsWithDelete { get; }

    /// <summary>Whether the response has to be looked at before it leaves, besides what its method says.</summary>
    public bool MayEndByResponse => EndsWithDelete || !EndWithCookies.IsEmpty;

    /// <summary>Finds the token in the body of a response, or null.</summary>
    public Func<string, string?>? BodyToken { get; }

    public TimeSpan IdleTimeout { get; }

    public TimeSpan AbsoluteTimeout { get; }

    public bool StickyByDefault { get; }

    /// <summary>What of a session's state outlives its owner.</summary>
    public SessionDurability Durability { get; }

    /// <summary>Whether no request is served once this node's lease has run out.</summary>
    public bool PrefersConsistency { get; }

    public TimeSpan FirstRequestTimeout { get; }

    public PlacementStrategy Placement { get; }

    /// <summary>What was configured: null for what fits the placement.</summary>
    public double? LoadFactor { get; }

    public OwnerLostBehavior OnOwnerLost { get; }

    public TimeSpan OwnerLostWait { get; }

    /// <summary>Whether the requests of a session run one after the other, unless their endpoint says otherwise.</summary>
    public bool OneAtATime { get; }

    public int MaxQueued { get; }

    public TimeSpan QueueTimeout { get; }

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

    /// <summary>The name of the second cookie.</summary>
    public static string TwinOf(string? cookieName) => $"{cookieName}.CORS";

    /// <summary>The attributes of the second cookie for one response.</summary>
    public CookieOptions BuildTwin(HttpContext context, DateTimeOffset now)
    {
        var cookie = BuildCookie(context, now);
        cookie.SameSite = SameSiteMode.None;
        cookie.Secure = true;
        return cookie;
    }

    private static ImmutableArray<string> NamesOf(StickyPolicyOptions options, StickyTokenSourceKind kind)
        => [.. options.Sources.Where(source => source.Kind == kind).Select(source => source.Name!)];

    private static TimeSpan Shorter(TimeSpan one, TimeSpan? other) => other < one ? other.Value : one;
}
