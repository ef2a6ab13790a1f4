using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;

namespace StickySessions.State;

/// <summary>Hands over all sessions of this node, which is to stop: idle ones first, then those in use.</summary>
internal sealed partial class DrainedSessions(
    HeldSessions held,
    SessionHandOff handOff,
    HashHomes homes,
    ApplicationMemories memories,
    StateWriter writer,
    IClusterMembership membership,
    TimeProvider time,
    ILogger<DrainedSessions> logger)
{
    /// <summary>So many are under way at once.</summary>
    private const int AtOnce = 64;

    /// <summary>Sessions that are in use are waited for until no request runs in them at some moment; from then on their gates close first.</summary>
    private static readonly TimeSpan PatienceWithOpenGates = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan PatienceWithClosedGates = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan PauseBetweenRounds = TimeSpan.FromMilliseconds(50);

    /// <param name="cut">There is no more time: what is left, <see cref="StoreRestAsync"/> stores as it is.</param>
    public async Task HandOverAsync(CancellationToken cut)
    {
        var since = time.GetTimestamp();
        var moved = 0;
        try
        {
            while (Left() is { Count: > 0 } left && HasHeirs() && !cut.IsCancellationRequested)
            {
                var patience = time.GetElapsedTime(since) < PatienceWithOpenGates ? TimeSpan.Zero : PatienceWithClosedGates;
                var before = moved;
                await Parallel.ForEachAsync(left, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cut }, async (session, _) =>
                {
                    if (HeirOf(session) is { } heir && await handOff.MoveAsync(session, heir, patience, cut))
                    {
                        Interlocked.Increment(ref moved);
                    }
                });
                if (moved == before)
                {
                    await Task.Delay(PauseBetweenRounds, time, cut);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // There is no more time.
        }

        if (moved > 0)
        {
            HandedOver(logger, moved, time.GetElapsedTime(since));
        }
    }

    /// <summary>
    /// Nobody is there to take them, or there was no more time: they are stored as they are. What then still runs in them may write no more, once others may
    /// claim them.
    /// </summary>
    /// <param name="othersMayClaim">Whether this node has left them to other nodes.</param>
    public async Task StoreRestAsync(bool othersMayClaim)
    {
        var rest = Left();
        var stored = 0;
        await Parallel.ForEachAsync(rest, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (session, _) =>
        {
            if (session.Memory is not StoredMemory)
            {
                await memories.ExportAsync(session, CancellationToken.None);
            }

            if (await writer.StoreLastAsync(session, othersMayClaim))
            {
                Interlocked.Increment(ref stored);
            }
        });
        if (stored > 0)
        {
            RestStored(logger, stored);
        }

        if (stored < rest.Count)
        {
            RestLost(logger, rest.Count - stored);
        }
    }

    private List<HeldSession> Left()
        => [.. held.All().Where(session => handOff.IsWorthMoving(session) && !held.IsOfEarlierTerm(session)).OrderBy(session => session.Running)];

    private bool HasHeirs() => membership.View.Nodes.Any(node => node.State == NodeState.Active && node.Tag != membership.Self.Tag);

    /// <summary>The node that would claim the session if this one were gone.</summary>
    private Node? HeirOf(HeldSession session)
    {
        var self = membership.Self.Tag;
        return session.IsHashed
            ? homes.Slots.Ranked(session.Id).FirstOrDefault(node => node.State == NodeState.Active && node.Tag != self)
            : Rendezvous.Candidate(membership.View, session.Id, self, [self]);
    }

    [LoggerMessage(StickyEventIds.State + 40, LogLevel.Information, "Handed over {Moved} sessions in {Elapsed}.")]
    private static partial void HandedOver(ILogger logger, int moved, TimeSpan elapsed);

    [LoggerMessage(StickyEventIds.State + 41, LogLevel.Information,
        "{Stored} sessions were stored and not handed over: no other node is active, or requests ran in them until there was no more time.")]
    private static partial void RestStored(ILogger logger, int stored);

    [LoggerMessage(StickyEventIds.State + 42, LogLevel.Warning,
        "The state of {Lost} sessions is lost: no other node was active, or requests ran in them until there was no more time, and it is not stored.")]
    private static partial void RestLost(ILogger logger, int lost);
}
