using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>
/// The cluster as configured, without a store: each node asks each other one who it is, and tells who it is itself. This gives affinity,
/// not single ownership: two nodes may see different things for a while.
/// </summary>
internal sealed class StaticMembership : IClusterMembership, IAsyncDisposable
{
    private const int ProbesBetweenChecks = 10;

    /// <summary>No tag is newer than a view: see <see cref="ViewThatKnowsAsync"/>.</summary>
    private const uint HighestSequence = uint.MaxValue;

    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    private readonly StickyStaticOptions _options;
    private readonly IPeerClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly NodeLoads _loads;
    private readonly AddressCheck _addresses;
    private readonly Coalesced _probes;
    private readonly OncePerTag _suspicions;
    private readonly CancellationTokenSource _stop = new();

    // Guards _peers' content, _self, _inView, _gone and the making of a view.
    private readonly Lock _gate = new();
    private readonly GoneTags _gone = new();
    private Node[] _inView = [];
    private StaticPeer[] _peers = [];
    private volatile Node? _self;
    private volatile ClusterView _view = ClusterView.Empty;
    private volatile string? _addressProblem;
    private Task _loop = Task.CompletedTask;

    public StaticMembership(
        IOptions<StickyStaticOptions> options, IPeerClient client, TimeProvider time, ILogger<StaticMembership> logger, NodeLoads? loads = null)
    {
        _options = options.Value;
        _client = client;
        _time = time;
        _logger = logger;
        _loads = loads ?? new NodeLoads();
        _addresses = new AddressCheck(this, client, time);
        _probes = new Coalesced(() => Task.WhenAll(_peers.Select(ProbeAsync)));
        _suspicions = new OncePerTag(DecideAsync);
    }

    public event Action<ClusterView>? ViewChanged;

    public ClusterView View => _view;

    public Node Self => _self ?? throw new InvalidOperationException("This node has not joined the cluster yet.");

    public bool IsJoined => _self is not null;

    /// <summary>Two nodes cannot outvote each other: each goes on alone.</summary>
    public bool HasMajority => _peers.Length < 2 || 2 * _view.Nodes.Length > _peers.Length + 1;

    public string? Degradation => HasMajority
        ? Array.Find(_peers, peer => peer.Problem is not null)?.Problem ?? _addressProblem
        : $"This node sees {_view.Nodes.Length} of {_peers.Length + 1} configured nodes, no majority: it takes over no sessions. "
            + "It heals when more nodes of StickySessions:Static:Nodes answer.";

    public async Task JoinAsync(Node self, CancellationToken cancellationToken)
    {
        var tag = new NodeTag((uint)_time.GetUtcNow().ToUnixTimeSeconds(), BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint))));
        self = self with { Tag = tag, State = NodeState.Starting };
        await CheckNameAsync(self, cancellationToken);
        _peers = [.. _options.Nodes
            .Where(node => node.Key != self.Name)
            .Select(node => new StaticPeer(node.Key, new Uri(node.Value), _options.GoneAfter, _time))];
        Change(() => _self = self);
        await _probes.RunAsync().WaitAsync(cancellationToken);
        _logger.Joined(self.Name, tag, self.Address, _view.Nodes.Length - 1);
        if (_peers.Length > 0)
        {
            _loop = Task.Run(ProbeLoopAsync, CancellationToken.None);
        }
    }

    public Task AnnounceAsync(NodeState state, Uri? publicAddress, CancellationToken cancellationToken)
    {
        // The questions carry it.
        Change(() => _self = Self with { State = state, PublicAddress = publicAddress ?? Self.PublicAddress });
        return _probes.RunAsync().WaitAsync(cancellationToken);
    }

    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        if (IsJoined)
        {
            await AnnounceAsync(NodeState.Gone, publicAddress: null, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _logger.Left(Self.Name, Self.Tag);
        }

        await DisposeAsync();
    }

    public async Task<ClusterView> RefreshAsync(CancellationToken cancellationToken)
    {
        await _probes.RunAsync().WaitAsync(cancellationToken);
        return _view;
    }

    /// <summary>
    /// Sequences are the nodes' own clocks and tell nothing: whoever was never in view may be a node that this one has not found yet,
    /// so all are asked once before it counts as gone.
    /// </summary>
    public ValueTask<ClusterView> ViewThatKnowsAsync(NodeTag tag, CancellationToken cancellationToken)
    {
        var view = _view;
        return view.Find(tag) is not null || IsKnownToBeGone(tag)
            ? new ValueTask<ClusterView>(view)
            : new ValueTask<ClusterView>(AskAllAsync(tag, cancellationToken));
    }

    public async Task<bool> SuspectAsync(NodeTag tag, CancellationToken cancellationToken)
    {
        // Cancellation only ends the wait: what is known by then is the answer.
        await _suspicions.RunAsync(tag).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return _view.Find(tag) is null;
    }

    private async Task DecideAsync(NodeTag tag)
    {
        using var limit = new CancellationTokenSource(_options.GoneAfter + (2 * _options.ProbeInterval), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
        while (_view.Find(tag) is { } node && !either.IsCancellationRequested
            && Array.Find(_peers, peer => peer.Name == node.Name) is { } peer)
        {
            var answer = await ProbeAsync(peer);
            if (answer.Status == PeerAnswerStatus.Answered && PeerStatus.Parse(answer.Content)?.Tag == tag)
            {
                break;
            }

            await Task.Delay(AskAgain, _time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool IsKnownToBeGone(NodeTag tag)
    {
        lock (_gate)
        {
            return _gone.Contains(tag);
        }
    }

    private async Task<ClusterView> AskAllAsync(NodeTag tag, CancellationToken cancellationToken)
    {
        var view = await RefreshAsync(cancellationToken);
        if (view.Find(tag) is null)
        {
            lock (_gate)
            {
                _gone.Add(tag);
            }
        }

        return view;
    }

    public void Hear(Node peer)
    {
        if (Array.Find(_peers, known => known.Name == peer.Name) is { } known && IsJoined)
        {
            var mustAsk = false;
            Change(() => mustAsk = known.Hear(peer));
            if (mustAsk)
            {
                _ = ProbeAsync(known);
            }
        }
    }

    /// <summary>Stops probing. Idempotent.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
    }

    /// <summary>The node's own configured address is asked: if a process with its name answers, it is another one.</summary>
    private async Task CheckNameAsync(Node self, CancellationToken cancellationToken)
    {
        if (_options.Nodes.Count < 2 || !_options.Nodes.TryGetValue(self.Name, out var address))
        {
            return;
        }

        var answer = await _client.AskStatusAsync(new Uri(address), self.HasInterconnect, null, _time, cancellationToken);
        if (answer.Status == PeerAnswerStatus.Answered && PeerStatus.Parse(answer.Content) is { } there)
        {
            throw new ClusterJoinException(
                $"StickySessions:Node:Name is '{self.Name}', but at {address} (StickySessions:Static:Nodes:{self.Name}) another running process answers as {there.Name}. "
                + "Give each process a name of its own.");
        }
    }

    private async Task<PeerAnswer> ProbeAsync(StaticPeer peer)
    {
        lock (_gate)
        {
            peer.Ask();
        }

        var answer = await _client.AskStatusAsync(
            peer.Address, peer.Node?.HasInterconnect ?? Self.HasInterconnect, Self, _time, CancellationToken.None);
        Change(() => peer.Take(answer));
        if (answer.Status == PeerAnswerStatus.Answered && PeerStatus.Parse(answer.Content, out var load) is { } there && load is { } said)
        {
            _loads.Take(there.Tag, said, age: TimeSpan.Zero);
            _loads.Keep(_view);
        }

        return answer;
    }

    private void Change(Action what)
    {
        lock (_gate)
        {
            what();
            Node[] nodes = [.. _peers.Select(peer => peer.Node).Append(_self).OfType<Node>()];
            if (nodes.AsSpan().SequenceEqual(_inView))
            {
                return;
            }

            _inView = nodes;
            var before = _view;
            var version = Math.Max(before.Version + 1, _time.GetUtcNow().ToUnixTimeMilliseconds());
            var after = new ClusterView(version, HighestSequence, nodes);
            foreach (var node in before.Nodes.Where(node => after.Find(node.Tag) is null))
            {
                _gone.Add(node.Tag);
            }

            _view = after;
            _logger.ViewChanged(before, after, Self.Tag);
            ViewChanged?.Invoke(after);
        }
    }

    private async Task ProbeLoopAsync()
    {
        string? logged = null;
        for (var turn = 1; !_stop.IsCancellationRequested; turn++)
        {
            try
            {
                await Task.Delay(_options.ProbeInterval, _time, _stop.Token);
                await _probes.RunAsync();
                if (turn % ProbesBetweenChecks == 1)
                {
                    _addressProblem = await _addresses.RunAsync(_stop.Token);
                }

                if (Degradation is { } problem && problem != logged)
                {
                    _logger.Degraded(problem);
                }

                logged = Degradation;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                _logger.LoopFailed(e);
            }
        }
    }
}
