using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;

namespace StickySessions.State;

/// <summary>
/// If that is wanted, gives sessions in which nothing runs to nodes that have less than their share, at a bounded rate, until all have theirs: a node that has joined
/// takes its part of the load that is there, and not only of new sessions.
/// </summary>
internal sealed partial class Rebalancer(
    HeldSessions held,
    SessionHandOff handOff,
    IClusterMembership membership,
    NodeLoads loads,
    OwnLoad own,
    IOptions<StickySessionStateOptions> options,
    TimeProvider time,
    ILogger<Rebalancer> logger) : BackgroundService
{
    public static readonly TimeSpan PauseBetweenRounds = TimeSpan.FromSeconds(2);

    private const int AtOnce = 16;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.RebalanceAbove is not { } above)
        {
            return;
        }

        own.WantOthers();
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                // Nodes that have too much do not all look at the same moment.
                await Task.Delay(PauseBetweenRounds * (0.75 + (0.5 * Random.Shared.NextDouble())), time, stoppingToken);
                await RunRoundAsync(above, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A drain hands over all of them.
        }
    }

    private async Task RunRoundAsync(double above, CancellationToken cancellationToken)
    {
        if (!membership.IsJoined || membership.Self.State != NodeState.Active || FairShares.Of(membership, loads, held.Count) is not { } shares || !shares.IsAbove(above))
        {
            return;
        }

        var most = (int)(options.Value.RebalanceRate * PauseBetweenRounds.TotalSeconds);
        var plan = held.All().Where(session => session.Running == 0 && !session.IsHashed && !session.IsClosed && !session.IsEnded).Zip(shares.Takers(most)).ToList();
        var moved = 0;
        await Parallel.ForEachAsync(plan, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (step, _) =>
        {
            var (session, taker) = step;
            if (await handOff.MoveAsync(session, taker, patience: TimeSpan.Zero, cancellationToken, warm: true))
            {
                loads.Placed(taker.Tag);
                Interlocked.Increment(ref moved);
            }
        });
        if (moved > 0)
        {
            Moved(logger, moved, held.Count);
        }
    }

    [LoggerMessage(StickyEventIds.State + 60, LogLevel.Information, "Moved {Moved} idle sessions to nodes that have fewer; {Left} are left here.")]
    private static partial void Moved(ILogger logger, int moved, int left);
}
