using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>
/// Decides whether a node that could not be reached is gone: by refused connects that a second node confirms, or else when its lease
/// ends. A node that beats meanwhile is alive.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Nobody asks the semaphore for its handle, so it holds nothing.")]
internal sealed class EarlyExpiry
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How many reports this node has under way: when many nodes die at once, the beats that renew the leases of the others must not
    /// wait behind thousands of them.
    /// </summary>
    private const int ReportsAtOnce = 2;

    private readonly IClusterMembership _membership;
    private readonly RedisSuspicion _suspicion;
    private readonly IPeerClient _peers;
    private readonly StickyRedisOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly OncePerTag _decisions;
    private readonly OncePerTag _confirmations;
    private readonly SemaphoreSlim _reports = new(ReportsAtOnce);

    public EarlyExpiry(
        IClusterMembership membership, RedisSuspicion suspicion, IPeerClient peers, StickyRedisOptions options, TimeProvider time, ILogger logger)
    {
        _membership = membership;
        _suspicion = suspicion;
        _peers = peers;
        _options = options;
        _time = time;
        _logger = logger;
        _decisions = new OncePerTag(DecideCoreAsync);
        _confirmations = new OncePerTag(ConfirmCoreAsync);
    }

    /// <summary>Returns when it is decided whether the node is gone, at the latest a little after its lease.</summary>
    public Task DecideAsync(NodeTag accused) => _decisions.RunAsync(accused);

    /// <summary>Another node suspects it: look here too, and say so if it is true and not decided by then.</summary>
    public Task ConfirmAsync(NodeTag accused) => _confirmations.RunAsync(accused);

    private async Task ConfirmCoreAsync(NodeTag accused)
    {
        await Task.Delay(Pace.MomentIn(Pace.OfConfirmations(_membership.View, _options.Lease)), _time);
        if (_membership.View.Find(accused) is { } node && await IsRefusedAsync(node))
        {
            await ReportAsync(node, Evidence.Confirmed, "");
        }
    }

    private async Task DecideCoreAsync(NodeTag accused)
    {
        using var limit = new CancellationTokenSource(_options.Lease + (3 * _options.BeatInterval), _time);
        var lastBeat = "";
        var reported = false;
        while (_membership.View.Find(accused) is { } node && !limit.IsCancellationRequested)
        {
            var evidence = await IsRefusedAsync(node) ? Evidence.Refused : Evidence.None;
            if (evidence == Evidence.Refused && !reported)
            {
                _logger.Suspected(node.Name, node.Tag, node.Address);
                reported = true;
            }

            var answer = await ReportAsync(node, evidence, lastBeat);
            if (answer.Verdict == Verdict.Gone)
            {
                await _membership.RefreshAsync(CancellationToken.None);
            }
            else if (answer.Verdict == Verdict.Alive)
            {
                return;
            }
            else
            {
                lastBeat = answer.LastBeat;
                await Task.Delay(PauseBeforeAskingAgain(), _time);
            }
        }
    }

    /// <summary>The first report after the accused could object decides for all: among many nodes that one is soon there.</summary>
    private TimeSpan PauseBeforeAskingAgain()
    {
        var pause = Pace.OfBeats(_membership.View, RedisSuspicion.Objection);
        return pause > AskAgain ? pause : AskAgain;
    }

    private async Task<SuspicionAnswer> ReportAsync(Node accused, Evidence evidence, string lastBeat)
    {
        await _reports.WaitAsync();
        try
        {
            return await _suspicion.ReportAsync(accused.Tag, _membership.Self.Tag, evidence, lastBeat);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            // Nobody is declared gone while Redis is away.
            return new SuspicionAnswer(Verdict.Undecided, lastBeat);
        }
        finally
        {
            _reports.Release();
        }
    }

    /// <summary>Nobody listens any more, where nodes and where clients would reach it.</summary>
    private async Task<bool> IsRefusedAsync(Node node)
    {
        if (!_options.ExpireOnRefused)
        {
            return false;
        }

        using var timeout = new CancellationTokenSource(ConnectTimeout, _time);
        try
        {
            return await _peers.IsRefusedAsync(node.Address, timeout.Token)
                && (node.PublicAddress is null || await _peers.IsRefusedAsync(node.PublicAddress, timeout.Token));
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
