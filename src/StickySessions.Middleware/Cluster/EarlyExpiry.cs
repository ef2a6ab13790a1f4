using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>
/// Decides whether a node that could not be reached is gone: by refused connects that a second node confirms, or else when its lease
/// ends. A node that beats meanwhile is alive.
/// </summary>
internal sealed class EarlyExpiry(
    IClusterMembership membership, RedisSuspicion suspicion, IPeerClient peers, StickyRedisOptions options, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<NodeTag, Lazy<Task>> _undecided = new();

    /// <summary>Returns when it is decided whether the node is gone, at the latest a little after its lease.</summary>
    public Task DecideAsync(NodeTag accused)
        => _undecided.GetOrAdd(accused, tag => new Lazy<Task>(() => DecideAndForgetAsync(tag))).Value;

    /// <summary>Another node suspects it: look here too, and say so if it is true.</summary>
    public async Task ConfirmAsync(NodeTag accused)
    {
        if (membership.View.Find(accused) is { } node && await IsRefusedAsync(node))
        {
            await ReportAsync(node, Evidence.Refused, "");
        }
    }

    private async Task DecideAndForgetAsync(NodeTag accused)
    {
        await Task.Yield();
        try
        {
            await DecideCoreAsync(accused);
        }
        finally
        {
            _undecided.TryRemove(accused, out _);
        }
    }

    private async Task DecideCoreAsync(NodeTag accused)
    {
        using var limit = new CancellationTokenSource(options.Lease + (3 * options.BeatInterval), time);
        var lastBeat = "";
        var reported = false;
        while (membership.View.Find(accused) is { } node && !limit.IsCancellationRequested)
        {
            var evidence = await IsRefusedAsync(node) ? Evidence.Refused : Evidence.None;
            if (evidence == Evidence.Refused && !reported)
            {
                logger.Suspected(node.Name, node.Tag, node.Address);
                reported = true;
            }

            var answer = await ReportAsync(node, evidence, lastBeat);
            if (answer.Verdict == Verdict.Gone)
            {
                await membership.RefreshAsync(CancellationToken.None);
            }
            else if (answer.Verdict == Verdict.Alive)
            {
                return;
            }
            else
            {
                lastBeat = answer.LastBeat;
                await Task.Delay(AskAgain, time);
            }
        }
    }

    private async Task<SuspicionAnswer> ReportAsync(Node accused, Evidence evidence, string lastBeat)
    {
        try
        {
            return await suspicion.ReportAsync(accused.Tag, membership.Self.Tag, evidence, lastBeat);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            // Nobody is declared gone while Redis is away.
            return new SuspicionAnswer(Verdict.Undecided, lastBeat);
        }
    }

    /// <summary>Nobody listens any more, where nodes and where clients would reach it.</summary>
    private async Task<bool> IsRefusedAsync(Node node)
    {
        if (!options.ExpireOnRefused)
        {
            return false;
        }

        using var timeout = new CancellationTokenSource(ConnectTimeout, time);
        try
        {
            return await peers.IsRefusedAsync(node.Address, timeout.Token)
                && (node.PublicAddress is null || await peers.IsRefusedAsync(node.PublicAddress, timeout.Token));
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
