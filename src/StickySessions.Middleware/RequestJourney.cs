using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using StickySessions.Diagnostics;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>
/// Where a request has gone by now, and why. Whoever decides something about the request says so here, and the last word is counted when the
/// request is over: so each is counted once, however it ends. Not safe for concurrent use, as the request it belongs to.
/// </summary>
/// <param name="context">The request.</param>
/// <param name="metrics">Where it is counted.</param>
/// <param name="ingress">The name of the node that received the request from the client.</param>
/// <param name="policy">The policy that it falls under, if any.</param>
/// <param name="activity">Its activity, if somebody collects the tags.</param>
/// <param name="scopes">Opens the scopes of its logs, if there are to be any.</param>
internal sealed class RequestJourney(
    HttpContext context, StickyMetrics metrics, string ingress, StickyPolicy? policy, Activity? activity, OutcomeLogScopes? scopes)
{
    private RequestOutcome _outcome;
    private string? _reason;
    private string? _owner;
    private SessionId? _session;
    private uint _epoch;
    private bool _isDecided;
    private bool _isSettled;

    public OutcomeFacts Facts => new(_outcome, _reason, policy?.Name, ingress, _owner, _session?.ToString(), _epoch);

    /// <summary>Null if it has none, or none that is worth an object: it runs where it arrived, and nobody wants to be told.</summary>
    public static RequestJourney? Of(HttpContext context) => context.Features.Get<RequestJourney>();

    /// <summary>The pipeline runs again, for an error page: where the request went, and why, was settled before.</summary>
    public void RunsAgain() => _isSettled = _isDecided;

    /// <summary>It runs here without a session.</summary>
    public void Passes(RequestOutcome outcome) => Decide(outcome, owner: null, session: null, epoch: 0);

    /// <summary>It runs here in a session.</summary>
    public void RunsHere(RequestOutcome outcome, OwnedSessionFeature feature) => Decide(outcome, feature.Owner, feature.Session.Id, feature.Session.Epoch);

    /// <summary>It runs here, and what it was given by the application names another session.</summary>
    public void MovesTo(SessionId session, uint epoch) => Decide(_outcome, _owner, session, epoch);

    /// <summary>It is being forwarded.</summary>
    /// <param name="outcome">What became of it if the node answers.</param>
    /// <param name="target">The node.</param>
    /// <param name="token">Names the session.</param>
    public void GoesTo(RequestOutcome outcome, string target, in StickyToken token)
        => Decide(outcome, target, token.Session, outcome == RequestOutcome.OwnerGone ? 0 : token.Epoch);

    /// <summary>It was forwarded here by mistake.</summary>
    public void IsRefused(SessionId session) => Decide(RequestOutcome.Refused, owner: null, session, epoch: 0);

    /// <param name="reason">One of <see cref="StickyReasons"/>.</param>
    /// <param name="owner">The node that it is about, if it is another than was said before.</param>
    public void Fails(string reason, string? owner = null)
        => Decide(
            reason is StickyReasons.OwnerFull or StickyReasons.OwnerBusy or StickyReasons.SessionBusy ? RequestOutcome.Shed : RequestOutcome.Failed,
            owner ?? _owner, _session, _epoch, reason);

    /// <summary>It ended by what the client did before there was an answer.</summary>
    public void EndsByClient() => Decide(RequestOutcome.ClientError, _owner, _session, _epoch);

    /// <summary>Counts it once it is over.</summary>
    public void CountAtItsEnd() => context.Response.OnCompleted(static state => ((RequestJourney)state).CountAsync(), this);

    /// <summary>Lets the client read how it ends.</summary>
    public void TellClient() => context.Response.OnStarting(static state => ((RequestJourney)state).WriteHeader(), this);

    /// <summary>The logs of what runs until the scope is disposed say what is known now.</summary>
    public IDisposable? BeginLogScope() => scopes?.Begin(Facts);

    /// <summary>The application, in a scope if there is to be one.</summary>
    public RequestDelegate InLogScope(RequestDelegate next) => scopes is null ? next : async context =>
    {
        using (BeginLogScope())
        {
            await next(context);
        }
    };

    private Task CountAsync()
    {
        if (!_isDecided && context.RequestAborted.IsCancellationRequested)
        {
            EndsByClient();
        }
        else if (!_isDecided)
        {
            // Something threw that nobody expected.
            Decide(RequestOutcome.Failed, _owner, _session, _epoch);
        }

        metrics.Request(_outcome, policy?.Name, _reason);
        return Task.CompletedTask;
    }

    private Task WriteHeader()
    {
        context.Response.Headers[OutcomeHeader.Name] = OutcomeHeader.Format(Facts);
        return Task.CompletedTask;
    }

    private void Decide(RequestOutcome outcome, string? owner, SessionId? session, uint epoch, string? reason = null)
    {
        if (_isSettled)
        {
            return;
        }

        (_outcome, _owner, _session, _epoch, _reason, _isDecided) = (outcome, owner, session, epoch, reason, true);
        if (activity is not null)
        {
            OutcomeActivity.Tag(activity, Facts);
        }
    }
}
