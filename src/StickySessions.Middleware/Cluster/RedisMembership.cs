using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>
/// The cluster as Redis knows it. One beat a second renews this node's lease and brings the view; all that this node has to say (that
/// it joins, drains, leaves) is part of the next beat, and so goes on by itself when Redis was away.
/// </summary>
internal sealed class RedisMembership : IClusterMembership, IAsyncDisposable
{
    /// <summary>How long leaving may take in all: to say it, and until the peers know it.</summary>
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan PeersPollInterval = TimeSpan.FromMilliseconds(20);

    private readonly IRedisConnections _redis;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly StickyRedisOptions _options;
    private readonly NodeLease _lease;
    private readonly RedisBeater _beater;
    private readonly RedisPeersSeen _peersSeen;
    private readonly EarlyExpiry _earlyExpiry;
    private readonly RedisMembershipLoop _loop;

    public RedisMembership(
        IRedisConnections redis,
        RedisClusterKeys? keys,
        IPeerClient peers,
        IOptions<StickyRedisOptions> options,
        TimeProvider time,
        ILogger<RedisMembership> logger,
        NodeLoads? loads = null,
        NodeLease? lease = null)
    {
        _redis = redis;
        _time = time;
        _logger = logger;
        _options = options.Value;
        var suspicion = new RedisSuspicion(redis, _options);
        _lease = lease ?? new NodeLease(_options.Lease, time);
        _beater = new RedisBeater(
            new RedisBeat(redis, _options), new NameCheck(suspicion, peers, _options, time), keys, _lease,
            new RedisLoads(redis, loads ?? new NodeLoads()), _options, time, logger);
        _beater.ViewChanged += view => ViewChanged?.Invoke(view);
        _beater.StoreDoubted += () => StoreDoubted?.Invoke();
        _peersSeen = new RedisPeersSeen(redis);
        _earlyExpiry = new EarlyExpiry(this, suspicion, peers, _options, time, logger);
        _loop = new RedisMembershipLoop(
            redis, _beater, _earlyExpiry, new AddressCheck(this, peers, time), new RedisEviction(redis), _options, time, logger);
    }

    public event Action<ClusterView>? ViewChanged;

    public event Action? StoreDoubted;

    public ClusterView View => _beater.View;

    public Node Self => _beater.HasEverJoined && _beater.Self is { } self
        ? self
        : throw new InvalidOperationException("This node has not joined the cluster yet.");

    public NodeLease Lease => _lease;

    public bool IsJoined => _beater.IsJoined;

    public string? Degradation => _beater.Degradation ?? _loop.Degradation;

    public async Task JoinAsync(Node self, CancellationToken cancellationToken)
    {
        _beater.Announce(self with { State = NodeState.Starting });
        await _redis.ConnectAsync(cancellationToken);
        await _beater.BeatAsync().WaitAsync(cancellationToken);
        while (!_beater.IsJoined && !_beater.IsRedisAway)
        {
            if (_beater.Refusal is { } refusal)
            {
                throw refusal;
            }

            await Task.Delay(_options.BeatInterval / 4, _time, cancellationToken);
            await _beater.BeatAsync().WaitAsync(cancellationToken);
        }

        _loop.Start();
    }

    public Task AnnounceAsync(NodeState state, Uri? publicAddress, CancellationToken cancellationToken)
    {
        _beater.Announce(state, publicAddress);
        return _beater.BeatAsync().WaitAsync(cancellationToken);
    }

    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(LeaveTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var joined = IsJoined;
        _beater.Announce(NodeState.Gone);
        try
        {
            if (joined)
            {
                await UntilPeersKnowAsync(either.Token);
                _logger.Left(Self.Name, Self.Tag);
            }
        }
        catch (OperationCanceledException)
        {
            _logger.LeftUnnoticed(LeaveTimeout.TotalSeconds);
        }
        finally
        {
            await _loop.DisposeAsync();
        }
    }

    public async Task<ClusterView> RefreshAsync(CancellationToken cancellationToken)
    {
        await _beater.BeatAsync().WaitAsync(cancellationToken);
        return View;
    }

    public Node? FindKnown(NodeTag tag) => _beater.FindKnown(tag);

    public async Task<bool> SuspectAsync(NodeTag tag, CancellationToken cancellationToken)
    {
        // Cancellation only ends the wait: what is known by then is the answer.
        await _earlyExpiry.DecideAsync(tag).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return View.Find(tag) is null;
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        _lease.Dispose();
    }

    private async Task UntilPeersKnowAsync(CancellationToken cancellationToken)
    {
        while (!_beater.HasLeft)
        {
            await _beater.BeatAsync().WaitAsync(cancellationToken);
            if (!_beater.HasLeft)
            {
                await Task.Delay(_options.BeatInterval / 4, _time, cancellationToken);
            }
        }

        while (!await _peersSeen.HaveAllSeenAsync(View.Version).WaitAsync(cancellationToken))
        {
            await Task.Delay(PeersPollInterval + (Pace.OfBeats(View, _options.BeatInterval) / 5), _time, cancellationToken);
        }
    }
}
