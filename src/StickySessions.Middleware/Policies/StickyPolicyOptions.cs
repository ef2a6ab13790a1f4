using Microsoft.AspNetCore.Http;
using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>
/// How sessions are bound and how long they live. Configuration section <c>StickySessions:Policy</c> for the default policy,
/// <c>StickySessions:Policies:name</c> for a named one. A change of configuration takes effect while the application runs unless a property
/// says otherwise.
/// </summary>
public sealed class StickyPolicyOptions
{
    /// <summary>
    /// The paths that fall under this policy unless their endpoint says otherwise: <c>/chat</c> is <c>/chat</c> and all below it, and not
    /// <c>/chatter</c>. Compared with the decoded <c>Request.Path</c>, which does not include <c>PathBase</c>, without regard to case; the longest
    /// prefix wins over all policies. Default: empty.
    /// </summary>
    public IList<string> PathPrefixes { get; } = [];

    /// <summary>How a session token is bound to the session's owner. A change takes effect at the next start. Default: <see cref="StickyMethod.Insert"/>.</summary>
    public StickyMethod Method { get; set; }

    /// <summary>
    /// Where the token of a request is looked for, in this order. With <see cref="StickyMethod.Insert"/> only cookies, headers and query parameters;
    /// none means <see cref="Cookie"/>. The other methods need at least one. A change takes effect at the next start. Default: empty.
    /// </summary>
    public IList<StickyTokenSourceOptions> Sources { get; } = [];

    /// <summary>What happens when two sources find different tokens. Default: <see cref="TokenConflictBehavior.PreferFirst"/>, in the order of <see cref="Sources"/>. A change takes effect at the next start.</summary>
    public TokenConflictBehavior OnConflict { get; set; }

    /// <summary>
    /// The cookie of the session token. Defaults: name <c>.StickySession</c> (of a named policy <c>.StickySession.name</c>; a change of the name
    /// takes effect at the next start), HttpOnly, SameSite Lax, Secure as the request,
    /// path <c>/</c>, a session cookie (no Max-Age), essential. A name that begins with <c>__Host-</c> or <c>__Secure-</c> needs
    /// <see cref="CookieSecurePolicy.Always"/>. A Max-Age or Expiration slides: responses renew the cookie from half of it on.
    /// </summary>
    public CookieBuilder Cookie { get; } = new()
    {
        Name = ".StickySession",
        HttpOnly = true,
        SameSite = SameSiteMode.Lax,
        SecurePolicy = CookieSecurePolicy.SameAsRequest,
        Path = "/",
        IsEssential = true,
    };

    /// <summary>
    /// With <see cref="StickyMethod.Insert"/>: whether responses over HTTPS carry the token in a second cookie too, named as the first with <c>.CORS</c>
    /// behind it, <c>SameSite=None; Secure</c>, which pages of other sites send along. Browsers that do not know <c>None</c> keep the first. A change takes
    /// effect at the next start. Default: false.
    /// </summary>
    public bool CrossSiteTwin { get; set; }

    /// <summary>
    /// With <see cref="StickyMethod.Insert"/>: whether only responses to methods that may change something (not GET, HEAD, OPTIONS, TRACE) begin a session.
    /// Others without a token are served by whichever node they reach. A change takes effect at the next start. Default: false.
    /// </summary>
    public bool PostOnly { get; set; }

    /// <summary>
    /// Cookies of the application whose deletion in a response ends the session, besides the one that binds it: that of its authentication, for instance,
    /// so that signing out ends it. A change takes effect at the next start. Default: empty.
    /// </summary>
    public IList<string> EndWithCookies { get; } = [];

    /// <summary>
    /// With <see cref="StickyMethod.Learn"/>: a regular expression that finds the token in the first 4 KB of the body of a response to a request without
    /// one; its group <c>token</c>, or else its first group, is what the first of <see cref="Sources"/> will find in later requests. Runs on the
    /// non-backtracking engine. A change takes effect at the next start. Default: none.
    /// </summary>
    public string? LearnFromBody { get; set; }

    /// <summary>
    /// Makes this policy one for a known kind of application: sets what <see cref="StickyPreset"/> says of it. What is set afterwards wins; from
    /// configuration as the key <c>Preset</c>.
    /// </summary>
    /// <param name="preset">The kind of application.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such preset.</exception>
    public void Apply(StickyPreset preset) => PolicyPresets.Apply(preset, this);

    /// <summary>Set by a preset: a successful DELETE ends the session that its token names.</summary>
    internal bool EndsWithDelete { get; set; }

    /// <summary>Whether the cookie carries <c>Partitioned</c> (CHIPS); needs <see cref="CookieSecurePolicy.Always"/>. Default: false.</summary>
    public bool Partitioned { get; set; }

    /// <summary>
    /// How long a session lives without a request, 1 second to 30 days. Every request prolongs it; the owner enforces it, the cookie
    /// cannot. A change holds for sessions that begin later. Default: 20 minutes, as ASP.NET Core's session.
    /// </summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(20);

    /// <summary>
    /// How long a session lives at most, however busy: at least <see cref="IdleTimeout"/>, at most 365 days. Also the age up to
    /// which a token is accepted. Default: 7 days.
    /// </summary>
    public TimeSpan AbsoluteTimeout { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// How long a session without a second request lives while its node holds more than 10,000 such: a client that ignores cookies leaves one
    /// behind with each request. Up to that number they live as long as any other. 1 second to 30 days. Default: 2 minutes.
    /// </summary>
    public TimeSpan FirstRequestTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Where a new session begins. Default: <see cref="PlacementStrategy.Here"/>, at the node that received its first request.</summary>
    public PlacementStrategy Placement { get; set; }

    /// <summary>
    /// How much more than its share by weight of the cluster's load (sessions held and requests running) a node may have and still take
    /// new sessions, 1 to 100; beyond, they go to others as long as one has room. Default: none, which means 1.25, and no bound with
    /// <see cref="PlacementStrategy.Here"/>.
    /// </summary>
    public double? LoadFactor { get; set; }

    /// <summary>What happens to a session whose owner is gone. Default: <see cref="OwnerLostBehavior.Reassign"/>, another node claims it.</summary>
    public OwnerLostBehavior OnOwnerLost { get; set; }

    /// <summary>
    /// With <see cref="OwnerLostBehavior.WaitThenReassign"/>: how long after the owner was seen to be gone requests for its sessions wait
    /// for it to come back, 100 milliseconds to 5 minutes. Default: 10 seconds.
    /// </summary>
    public TimeSpan OwnerLostWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether all endpoints are sticky except those with <c>DisableStickySession</c>, static assets and health checks; otherwise
    /// only those with <c>RequireStickySession</c> are. Of a named policy: all endpoints under its <see cref="PathPrefixes"/>. Default: true.
    /// </summary>
    public bool StickyByDefault { get; set; } = true;

    /// <summary>
    /// Whether a node whose lease has run out goes on serving the sessions that it holds. Means nothing without Redis, where nodes have no
    /// leases. Default: <see cref="RedisLostBehavior.PreferAvailability"/>.
    /// </summary>
    public RedisLostBehavior OnRedisLost { get; set; } = RedisLostBehavior.PreferAvailability;

    /// <summary>
    /// What of a session's state outlives its owner, once the application has <c>AddStickySessionState</c>. With
    /// <see cref="SessionDurability.BeforeResponse"/> a node whose lease has run out serves nobody, whatever <see cref="OnRedisLost"/> says. A change
    /// takes effect at the next start. Default: none, which means <see cref="SessionDurability.BeforeResponse"/> with Redis, and
    /// <see cref="SessionDurability.None"/> without Redis or with <see cref="StickyMethod.Hash"/>.
    /// </summary>
    public SessionDurability? Durability { get; set; }

    /// <summary>
    /// Whether the requests of a session run one after the other, in the order in which they reach its owner; those of endpoints with
    /// <c>SerializeStickySession(false)</c> run beside them. A WebSocket or a stream of events lets the next one run when it has begun, any other
    /// request when it is over. Default: false; only requests of endpoints with <c>SerializeStickySession()</c> do.
    /// </summary>
    public bool OneAtATime { get; set; }

    /// <summary>
    /// With <see cref="OneAtATime"/>: how many requests of a session may wait for their turn, 0 to 1,000; more are answered 503. Default: 16.
    /// </summary>
    public int MaxQueued { get; set; } = 16;

    /// <summary>
    /// With <see cref="OneAtATime"/>: how long a request waits for its turn before it is answered 503, 100 milliseconds to 10 minutes. Default: 30
    /// seconds.
    /// </summary>
    public TimeSpan QueueTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
