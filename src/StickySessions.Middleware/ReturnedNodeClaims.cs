using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;

namespace StickySessions;

/// <summary>
/// When this node was declared gone and has come back under another tag, claims the sessions in which something still runs. For all
/// others their next request does that, but a WebSocket makes no next request: if another node owns its session by now, it must end.
/// </summary>
internal sealed partial class ReturnedNodeClaims(
    IClusterMembership membership, HeldSessions held, ClaimCoordinator claims, HolderSearch search, ILogger<ReturnedNodeClaims> logger) : IHostedService
{
    private const int AtATime = 16;

    private readonly NodeLease _lease = membership.Lease;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _lease.TermBegan += OnTermBegan;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _lease.TermBegan -= OnTermBegan;
        return Task.CompletedTask;
    }

    // On another thread: a beat has raised it, and the next one must not wait.
    private void OnTermBegan() => _ = Task.Run(ClaimAllAsync);

    private async Task ClaimAllAsync()
    {
        var (asked, self) = (held.Asking(), membership.Self);
        var running = held.All().Where(session => session.Running > 0 && !session.IsEnded && session.Term < asked.Term);
        await Parallel.ForEachAsync(
            running,
            new ParallelOptions { MaxDegreeOfParallelism = AtATime },
            async (session, _) => await (session.IsHashed ? AskAsync(session, asked) : ClaimAsync(session, asked, self)));
    }

    /// <summary>A hashed session has no record that could be claimed: it has another owner if another node holds it by now.</summary>
    private async Task AskAsync(HeldSession session, AskedIn asked)
    {
        var found = await search.FindAsync(session.Id, seenEpoch: 0, CancellationToken.None);
        if (found.Status != HoldsStatus.Held)
        {
            held.Keep(session, session.Claim, asked);
        }
        else if (session.Term < asked.Term)
        {
            held.Yield(session);
        }
    }

    private async Task ClaimAsync(HeldSession session, AskedIn asked, Node self)
    {
        // Each term before this one had a tag of its own; the latest is named first. One from so long ago that its tag is forgotten is lost.
        var age = asked.Term - session.Term - 1;
        if (age >= self.FormerTags.Length)
        {
            held.Drop(session);
            return;
        }

        try
        {
            var result = await claims.ClaimAsync(session.Id, self.FormerTags[age], session.Epoch, self.Tag, asked, CancellationToken.None);
            if (result.Status == ClaimStatus.Owned)
            {
                held.Keep(session, new SessionClaim(result.Epoch, result.Nonce), asked);
            }
            else if (result.Status == ClaimStatus.Ended)
            {
                held.LearnEnded(session.Id, result.Epoch);
            }
            else if (result.Status == ClaimStatus.OwnedByOther && session.Term < asked.Term)
            {
                held.Drop(session, result.Epoch);
            }
            else if (result.Status == ClaimStatus.Busy)
            {
                NotClaimed(logger, session.Id.ToString(), "too many claims wait.");
            }
        }
        catch (DirectoryUnavailableException unavailable)
        {
            // It stays closed to requests until it can be claimed.
            NotClaimed(logger, session.Id.ToString(), unavailable.Message);
        }
    }

    [LoggerMessage(StickyEventIds.Middleware + 5, LogLevel.Warning,
        "Session {Session}, in which requests run, could not be claimed again after this node came back: {Reason}")]
    private static partial void NotClaimed(ILogger logger, string session, string reason);
}
