using System.Diagnostics;
using StickySessions.Tests.Integration.Chaos.Clients;
using StickySessions.Tests.Integration.Chaos.Histories;
using StickySessions.Tests.Integration.Chaos.Nodes;

namespace StickySessions.Tests.Integration.Chaos.Faults;

/// <summary>
/// The classic: the owner of a session is paused within the application's handler, with more requests waiting at its door, until
/// another node has claimed the session and answered. Then it goes on, as if no time had passed.
/// </summary>
internal static class PausedOwner
{
    /// <summary>The client number of these requests.</summary>
    private const int Client = -2;

    private const int Waiting = 4;

    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(1);

    public static Fault Fault { get; } = new("paused owner", LosesData: false, async scene =>
    {
        if (scene.Reservations.TryTakeNode(scene.Random) is not { } owner)
        {
            return false;
        }

        try
        {
            var known = KnownSession.None.With(await AskAsync(scene, owner, KnownSession.None, TimeSpan.Zero));
            if (known.Answer is not { } answer || !answer.Process.StartsWith($"{owner.Name}#", StringComparison.Ordinal))
            {
                return false;
            }

            using (scene.Log.Begin("paused owner", owner.Name))
            {
                await PauseAsync(scene, owner, known);
            }

            return true;
        }
        finally
        {
            scene.Reservations.Release(owner);
        }
    });

    private static async Task PauseAsync(FaultScene scene, ChaosNode owner, KnownSession known)
    {
        var late = new List<Task> { AskAsync(scene, owner, known, Hold) };
        await UntilItRunsAsync(scene, known.Answer!);
        owner.Freeze();
        try
        {
            late.AddRange(Enumerable.Range(0, Waiting).Select(_ => AskAsync(scene, owner, known, TimeSpan.Zero)));
            await UntilClaimedAsync(scene, owner, known);

            // Asked after another node has answered: whatever says yes to these from its old memory is the second owner.
            late.AddRange(Enumerable.Range(0, Waiting).Select(_ => AskAsync(scene, owner, known, TimeSpan.Zero)));
        }
        finally
        {
            owner.Thaw();
        }

        await Task.WhenAll(late);
    }

    private static async Task UntilItRunsAsync(FaultScene scene, Answer first)
    {
        var log = scene.Cluster.Settings.ExecutionLog(first.Process);
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < Hold
            && !ExecutionLog.Read([log]).Executions.Any(execution => execution.By.Session == first.Session && execution.By.Counter > first.Counter))
        {
            await scene.WaitAsync(0.02, 0.02);
        }
    }

    private static async Task UntilClaimedAsync(FaultScene scene, ChaosNode owner, KnownSession known)
    {
        var began = Stopwatch.GetTimestamp();
        var asked = 0;
        while (Stopwatch.GetElapsedTime(began) < 3 * scene.Lease)
        {
            var others = scene.Cluster.Nodes.Where(node => node != owner && node.State == ChaosNodeState.Running).ToArray();
            if (others.Length > 0 && await AskAsync(scene, others[asked++ % others.Length], known, TimeSpan.Zero) is { Answer: { } answer } && answer.Epoch > known.Answer!.Epoch)
            {
                return;
            }

            await scene.WaitAsync(0.05, 0.05);
        }
    }

    private static Task<Outcome> AskAsync(FaultScene scene, ChaosNode node, KnownSession known, TimeSpan hold)
        => scene.Cluster.Settings.Options.KeepsCarts
            ? scene.Exchange.ShopAsync(Client, node, known, CartAction.Add, "", hold, CancellationToken.None)
            : scene.Exchange.AskAsync(Client, node, known, hold, CancellationToken.None);
}
