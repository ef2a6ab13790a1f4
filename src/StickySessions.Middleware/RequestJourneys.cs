using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Policies;

namespace StickySessions;

/// <summary>
/// Begins the journeys of requests at this node and counts them when they are over. A request that runs where it arrived has none unless somebody
/// wants more than a number: it is counted when it leaves its session. Safe for concurrent use.
/// </summary>
internal sealed class RequestJourneys : IDisposable
{
    private readonly StickyMetrics _metrics;
    private readonly OutcomeLogScopes _scopes;
    private readonly string _self;
    private readonly IDisposable? _subscription;
    private volatile StickyDiagnosticsOptions _options;

    public RequestJourneys(
        StickyMetrics metrics, OutcomeLogScopes scopes, IOptionsMonitor<StickyDiagnosticsOptions> options, IOptions<StickyNodeOptions> node)
    {
        _metrics = metrics;
        _scopes = scopes;
        _self = node.Value.Name;
        _options = options.CurrentValue;
        // What cannot be read leaves them as they are: a request never meets that.
        _subscription = options.OnChange(changed => _options = changed);
    }

    public void Dispose() => _subscription?.Dispose();

    /// <summary>Whether anything but the meter is told about a request that runs where it arrived.</summary>
    public bool IsWatched(HttpContext context)
    {
        var options = _options;
        return options.LogScope || options.ResponseHeader || OutcomeActivity.Of(context) is not null;
    }

    /// <summary>The journey of a request; it begins here if it has not begun.</summary>
    /// <param name="context">The request.</param>
    /// <param name="policy">The policy that it falls under, if any.</param>
    /// <param name="ingress">The node that forwarded it here, if one did.</param>
    public RequestJourney Of(HttpContext context, StickyPolicy? policy, string? ingress = null)
    {
        if (RequestJourney.Of(context) is { } begun)
        {
            return begun;
        }

        var options = _options;
        var journey = new RequestJourney(context, _metrics, ingress ?? _self, policy, OutcomeActivity.Of(context), options.LogScope ? _scopes : null);
        context.Features.Set(journey);
        if (!CountedRequest.IsOf(context))
        {
            journey.CountAtItsEnd();
        }

        if (options.ResponseHeader && ingress is null && !context.Response.HasStarted)
        {
            // Registered before all others, so it runs after them: the last word.
            journey.TellClient();
        }

        return journey;
    }

    /// <summary>Runs a request that is not sticky where it arrived.</summary>
    public Task PassAsync(HttpContext context, RequestOutcome outcome, StickyPolicy? policy, RequestDelegate next)
    {
        if (IsWatched(context))
        {
            var journey = Of(context, policy);
            journey.Passes(outcome);
            return journey.InLogScope(next)(context);
        }

        if (RequestJourney.Of(context) is null && !CountedRequest.IsOf(context))
        {
            CountedRequest.Mark(context);
            _metrics.Request(outcome, policy?.Name);
        }

        return next(context);
    }

    /// <summary>A request without a journey leaves its session: it ran where it arrived.</summary>
    /// <param name="context">The request.</param>
    /// <param name="policy">The policy that it fell under.</param>
    public void LeavesSession(HttpContext context, StickyPolicy policy)
    {
        if (RequestJourney.Of(context) is null)
        {
            var refused = FencedBody.Of(context)?.Reason;
            _metrics.Request(refused is null ? RequestOutcome.Local : RequestOutcome.Failed, policy.Name, refused);
        }
    }

    /// <summary>Marks a request that was counted as it came. One for all, so that it costs nothing.</summary>
    private sealed class CountedRequest
    {
        private static readonly CountedRequest Instance = new();

        public static bool IsOf(HttpContext context) => context.Features.Get<CountedRequest>() is not null;

        public static void Mark(HttpContext context) => context.Features.Set(Instance);
    }
}
