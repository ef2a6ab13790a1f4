using Microsoft.Extensions.Logging;
using StackExchange.Redis;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>One beat after another: joins first, then renews the lease and takes what changed. Never two at a time.</summary>
internal sealed class RedisBeater
{
    private const int BeatsBetweenKeyReads = 2;
    private const int FormerTagsKept = 16;

    private readonly RedisBeat _script;
    private readonly RedisJoin _join;
    private readonly JoinPause _joinPause;
    private readonly RedisClusterKeys? _keys;
    private readonly NodeLease _lease;
    private readonly RedisLoads _loads;
    private readonly TimeSpan _timeout;
    private readonly TimeSpan _rebuiltWithin;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RedisOutage _outage;
    private readonly Coalesced _beats;

    // Guards _self: what is announced and which tag it has change independently.
    private readonly Lock _gate = new();
    private volatile Node? _self;
    private volatile ClusterView _view = ClusterView.Empty;
    private volatile ClusterJoinException? _refusal;
    private volatile bool _isJoined;
    private volatile bool _hasEverJoined;
    private volatile bool _left;
    private volatile bool _distrust;

    // Replaced only by the one beat that runs.
    private volatile KnownView _known = KnownView.None;

    // Touched only by the one beat that runs.
    private KnownView _published = KnownView.None;
    private DateTimeOffset _lastBeat;
    private int _beatsSinceKeyRead;

    public RedisBeater(
        RedisBeat script, NameCheck names, RedisClusterKeys? keys, NodeLease lease, RedisLoads loads, StickyRedisOptions options, TimeProvider time, ILogger logger)
    {
        _script = script;
        _join = new RedisJoin(script, names, keys, lease, options, time);
        _joinPause = new JoinPause(2 * options.BeatInterval, options.Lease, time);
        _keys = keys;
        _lease = lease;
        _loads = loads;
        _timeout = TimeSpan.FromTicks(Math.Max(options.BeatInterval.Ticks, TimeSpan.TicksPerSecond / 2));
        _rebuiltWithin = options.Lease / 4;
        _time = time;
        _logger = logger;
        _outage = new RedisOutage(time, logger);
        _beats = new Coalesced(BeatOnceAsync);
    }

    public event Action<ClusterView>? ViewChanged;

    /// <inheritdoc cref="IClusterMembership.StoreDoubted"/>
    public event Action? StoreDoubted;

    public ClusterView View => _view;

    public Node? Self => _self;

    /// <summary>Whether <see cref="Self"/> has a tag that the cluster gave it, be it one that has expired since.</summary>
    public bool HasEverJoined => _hasEverJoined;

    /// <summary>Whether this node has a tag that the cluster does not take for gone, as far as it knows.</summary>
    public bool IsJoined => _isJoined;

    public bool HasLeft => _left;

    public bool IsRedisAway => _outage.IsOngoing;

    /// <summary>Why the cluster did not let this node in, if so.</summary>
    public ClusterJoinException? Refusal => _refusal;

    public string? Degradation => _refusal?.Message ?? _outage.Description;

    /// <summary>A node that is in the view, or was.</summary>
    public Node? FindKnown(NodeTag tag) => _known.Find(tag);

    public Task BeatAsync() => _beats.RunAsync();

    public void Announce(Node self) => _self = self;

    public void Announce(NodeState state, Uri? publicAddress = null)
    {
        lock (_gate)
        {
            _self = _self! with { State = state, PublicAddress = publicAddress ?? _self.PublicAddress };
        }
    }

    /// <summary>Another server may answer from now on: the next beat takes the whole view, as its history may be another one.</summary>
    public void Distrust() => _distrust = true;

    private async Task BeatOnceAsync()
    {
        if (_left)
        {
            return;
        }

        try
        {
            if (_isJoined)
            {
                await RenewAsync();
            }

            // In the same beat if it has just expired: until then it may serve nothing.
            if (!_isJoined)
            {
                if (!_joinPause.IsOver)
                {
                    return;
                }

                await JoinAsync();
            }

            _outage.End();
        }
        catch (ClusterJoinException refusal)
        {
            _outage.End();
            if (_refusal?.Message != refusal.Message)
            {
                _logger.JoinRefused(refusal.Message);
            }

            _refusal = refusal;
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            // Who could not even reach it has not made it slow.
            if (!_isJoined && e is TimeoutException)
            {
                _joinPause.Begin();
            }

            RedisFailed(e);
        }
    }

    private async Task JoinAsync()
    {
        if (_self!.State == NodeState.Gone)
        {
            _left = true;
            return;
        }

        var (joined, known) = await _join.TryAsync(_self, _known);
        _known = known;
        if (joined is not { } tag)
        {
            return;
        }

        lock (_gate)
        {
            _self = _self! with { Tag = tag };
        }

        // Whatever Redis lost before, this process has not heard of it.
        StoreDoubted?.Invoke();
        _refusal = null;
        _joinPause.End();
        _lastBeat = _time.GetUtcNow();
        _lease.Renew(_join.Sent, _join.StoreTime);
        Publish();
        _hasEverJoined = true;
        _isJoined = true;
        _logger.Joined(_self.Name, tag, _self.Address, _view.Nodes.Length - 1);
    }

    private async Task RenewAsync()
    {
        if (_time.GetUtcNow() - _lastBeat > RedisBeat.RememberGone)
        {
            // After so long Redis itself has forgotten that this node is gone. But while Redis is away nobody is gone.
            await _script.SendAsync(new BeatQuestion(BeatMode.Look, _known, "", "", WithView: false, Distrust: false)).WaitAsync(_timeout, _time);
            Expire();
            return;
        }

        var self = _self!;
        var distrust = _distrust;
        _distrust = false;
        var readsKeys = _keys is not null && ++_beatsSinceKeyRead >= BeatsBetweenKeyReads;
        var question = new BeatQuestion(
            BeatMode.Beat, _known, self.Tag.ToString(), NodeEntry.Format(self), WithView: false, Distrust: distrust, WithKeys: readsKeys, _loads.Own);
        var sent = _lease.Now;
        var answer = await _script.SendAsync(question).WaitAsync(_timeout, _time);
        if (answer.Outcome == BeatOutcome.ViewWanted)
        {
            // Meanwhile one that knew the same may have rebuilt it, which suffices for all that did.
            await Task.Delay(Pace.MomentIn(Pace.OfRebuilding(_view, _rebuiltWithin)), _time);
            answer = await _script.SendAsync(question).WaitAsync(_timeout, _time);
        }

        if (answer.Outcome == BeatOutcome.ViewWanted)
        {
            answer = await _script.SendAsync(question with { WithView = true }).WaitAsync(_timeout, _time);
            _logger.ViewRebuilt();
        }

        var wasLost = answer.Generation != _known.Generation;
        if (distrust || wasLost)
        {
            StoreDoubted?.Invoke();
        }

        if (_known.IsOlderThan(answer) || answer.IsFull)
        {
            _known = _known.With(answer);
        }

        if (answer.Outcome == BeatOutcome.Gone)
        {
            Expire();
            return;
        }

        _lastBeat = _time.GetUtcNow();
        _left = self.State == NodeState.Gone;
        if (!_left)
        {
            _lease.Renew(sent, answer.StoreTime);
        }

        Publish();
        if (readsKeys)
        {
            _beatsSinceKeyRead = 0;
        }

        // What the beat brought suffices, unless Redis lost the keys with the view or alone.
        if (_keys is not null && (wasLost || (readsKeys && !_keys.TryTake(answer.Keys!))))
        {
            await _keys.RefreshAsync(wasLost).WaitAsync(_timeout, _time);
        }

        await _loads.ReadIfDueAsync(self.Tag, _view).WaitAsync(_timeout, _time);
    }

    /// <summary>
    /// The cluster takes this process for dead: others may claim its sessions, so it is not joined any more. It needs a new tag, under
    /// which it lists the ones it had.
    /// </summary>
    private void Expire()
    {
        _isJoined = false;
        _lease.Expire();
        _logger.Expired(_self!.Name, _self.Tag);
        lock (_gate)
        {
            _self = _self with { FormerTags = [_self.Tag, .. _self.FormerTags.Take(FormerTagsKept - 1)] };
        }
    }

    private void Publish()
    {
        var self = _self!;
        var before = _view;
        if (ReferenceEquals(_published, _known) && ReferenceEquals(before.Find(self.Tag) ?? self, self))
        {
            return;
        }

        var after = _known.ToView(self);
        _view = after;
        _published = _known;
        _logger.ViewChanged(before, after, self.Tag);
        ViewChanged?.Invoke(after);
    }

    private void RedisFailed(Exception e)
    {
        _distrust = true;
        _outage.Begin(e);
        if (_isJoined)
        {
            Publish();
        }
    }
}
