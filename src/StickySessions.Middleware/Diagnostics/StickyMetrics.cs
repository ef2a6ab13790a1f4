using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace StickySessions.Diagnostics;

/// <summary>The meter <c>StickySessions</c>. Tags are closed sets: never a session, a token or an address.</summary>
internal sealed class StickyMetrics : IDisposable
{
    public const string MeterName = "StickySessions";

    private readonly Meter _meter;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _rejectedTokens;
    private readonly Counter<long> _claims;
    private readonly Counter<long> _ownersLost;
    private readonly Counter<long> _placedElsewhere;
    private readonly Counter<long> _ownerFull;

    public StickyMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _requests = _meter.CreateCounter<long>(
            "stickysessions.requests", "{request}", "Requests by what became of them at this node.");
        _rejectedTokens = _meter.CreateCounter<long>(
            "stickysessions.tokens.rejected", "{token}", "Session tokens that were not accepted, by reason.");
        _claims = _meter.CreateCounter<long>(
            "stickysessions.claims", "{claim}", "Claims of sessions whose owner was gone, by result.");
        _ownersLost = _meter.CreateCounter<long>(
            "stickysessions.owner_lost", "{request}", "Requests whose owner was gone and that the policy did not let another node serve, by result.");
        _placedElsewhere = _meter.CreateCounter<long>(
            "stickysessions.sessions.placed_elsewhere", "{session}", "New sessions that this node placed at another one, by reason.");
        _ownerFull = _meter.CreateCounter<long>(
            "stickysessions.requests.owner_full", "{request}", "Requests of sessions that this node holds and that met more than Node:MaxRequests, by result.");
    }

    /// <summary>Counts a request that is over, or that this node does not look at again.</summary>
    /// <param name="outcome">What became of it.</param>
    /// <param name="policy">The policy that it fell under, if any.</param>
    /// <param name="reason">One of <see cref="StickyReasons"/>, if it was answered with an error.</param>
    public void Request(RequestOutcome outcome, string? policy, string? reason = null)
    {
        if (!_requests.Enabled)
        {
            return;
        }

        // On the stack, as long as they are few.
        var tags = new TagList { { "outcome", outcome.ToTag() } };
        if (policy is not null)
        {
            tags.Add("policy", policy);
        }

        if (reason is not null)
        {
            tags.Add("reason", reason);
        }

        _requests.Add(1, tags);
    }

    public void TokenRejected(string reason)
    {
        if (_rejectedTokens.Enabled)
        {
            _rejectedTokens.Add(1, new KeyValuePair<string, object?>("reason", reason));
        }
    }

    /// <summary>A token that is genuine and worth nothing: its session was ended or has idled out.</summary>
    public void TokenOfEndedSession() => TokenRejected("session-over");

    public void Claimed(bool won)
    {
        if (_claims.Enabled)
        {
            _claims.Add(1, new KeyValuePair<string, object?>("result", won ? "won" : "lost"));
        }
    }

    /// <param name="reason">One of <see cref="PlacementReasons"/>.</param>
    public void PlacedElsewhere(string reason)
    {
        if (_placedElsewhere.Enabled)
        {
            _placedElsewhere.Add(1, new KeyValuePair<string, object?>("reason", reason));
        }
    }

    /// <param name="result"><c>served</c>, <c>queued</c> or <c>shed</c>.</param>
    public void OwnerFull(string result)
    {
        if (_ownerFull.Enabled)
        {
            _ownerFull.Add(1, new KeyValuePair<string, object?>("result", result));
        }
    }

    /// <param name="result"><c>rejected</c> or <c>session-over</c>.</param>
    public void OwnerLost(string result)
    {
        if (_ownersLost.Enabled)
        {
            _ownersLost.Add(1, new KeyValuePair<string, object?>("result", result));
        }
    }

    /// <summary>Publishes how many sessions this node holds and how many nodes it sees.</summary>
    public void Observe(Func<int> heldSessions, Func<int> runningRequests, Func<int> nodes)
    {
        _meter.CreateObservableUpDownCounter(
            "stickysessions.requests.running", runningRequests, "{request}", "Requests of sessions that run in this node's application.");
        _meter.CreateObservableUpDownCounter(
            "stickysessions.sessions.held", heldSessions, "{session}", "Sessions that this node holds in memory.");
        _meter.CreateObservableUpDownCounter("stickysessions.nodes", nodes, "{node}", "Live nodes in this node's view.");
    }

    /// <summary>Publishes how many requests wait here, and for what.</summary>
    public void ObserveWaiting(Func<int> forOwner, Func<int> forPlace)
        => _meter.CreateObservableUpDownCounter(
            "stickysessions.requests.waiting",
            () => new[] { Waiting(forOwner(), "owner"), Waiting(forPlace(), "place") },
            "{request}",
            "Requests that wait for an owner that is gone to come back, or for their turn at this node.");

    private static Measurement<int> Waiting(int count, string what) => new(count, new KeyValuePair<string, object?>("for", what));

    public void Dispose() => _meter.Dispose();
}

/// <summary>Why a new session does not begin at the node that received its first request.</summary>
internal static class PlacementReasons
{
    /// <summary>The placement chose another node.</summary>
    public const string Strategy = "strategy";

    /// <summary>This node has more than its share of the load.</summary>
    public const string Bound = "bound";

    /// <summary><c>Node:MaxRequests</c> requests run here.</summary>
    public const string Full = "full";

    /// <summary>This node takes no new sessions any more.</summary>
    public const string Draining = "draining";
}
