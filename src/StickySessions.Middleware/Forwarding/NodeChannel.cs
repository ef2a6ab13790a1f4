using System.Diagnostics.CodeAnalysis;
using System.Net;
using StickySessions.Cluster;
using Yarp.ReverseProxy.Forwarder;

namespace StickySessions.Forwarding;

/// <summary>What this node keeps for each node that it forwards to: the address as text, the transport, the circuit and the limit.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Requests may still wait on a channel that was removed; the last one takes it along.")]
internal sealed class NodeChannel
{
    private static readonly ForwarderRequestConfig OverInterconnect = new()
    {
        // Silent streams and WebSockets are fine: pings and not silence tell that a node is frozen.
        ActivityTimeout = Timeout.InfiniteTimeSpan,
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private static readonly ForwarderRequestConfig OverPublicAddress = new()
    {
        ActivityTimeout = Timeout.InfiniteTimeSpan,
        Version = HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    /// <summary>
    /// How long a node may still answer what waits for it after it left the view: it may be back in it soon, or have stopped in order
    /// without being seen as <see cref="NodeState.Draining"/>.
    /// </summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly int _places;
    private readonly CancellationTokenSource _lost;
    private int _taken;
    private bool _isInView = true; // written by view changes only, which come one after the other
    private bool _isDraining; // likewise
    private long _lastUsed;

    public NodeChannel(Node node, StickyForwardingOptions settings, TimeProvider time)
    {
        _places = settings.MaxInFlightPerNode;
        LongestKept = settings.ReplayBufferSize;
        Circuit = new NodeCircuit(settings, time);
        Name = node.Name;
        Prefix = node.Address.GetLeftPart(UriPartial.Authority);
        Config = node.HasInterconnect ? OverInterconnect : OverPublicAddress;
        Address = node.Address;
        _lost = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        Follow(node);
    }

    public string Name { get; }

    public Uri Address { get; }

    /// <summary>How long a body may be so that it can be sent to another node as well, in bytes.</summary>
    public int LongestKept { get; }

    /// <summary>Scheme and authority, without a slash at the end.</summary>
    public string Prefix { get; }

    public ForwarderRequestConfig Config { get; }

    public NodeCircuit Circuit { get; }

    /// <summary>Cancelled when the node has left the view for good: frozen or cut off, it may never answer nor close a connection.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>A timestamp of <see cref="TimeProvider"/>.</summary>
    public long LastUsed
    {
        get => Volatile.Read(ref _lastUsed);
        set => Volatile.Write(ref _lastUsed, value);
    }

    /// <summary>The view has changed, and in it the node is <paramref name="node"/>, or null.</summary>
    public void Follow(Node? node)
    {
        if (node is not null)
        {
            _isDraining = node.State == NodeState.Draining;
            if (!_isInView)
            {
                _isInView = true;
                _lost.CancelAfter(Timeout.InfiniteTimeSpan);
            }
        }
        else if (_isInView)
        {
            _isInView = false;
            if (!_isDraining)
            {
                // One that drained answers what runs there, then closes its connections itself.
                _lost.CancelAfter(Grace);
            }
        }
    }

    /// <summary>Takes a place among the requests that wait for the node's answers, unless all are taken.</summary>
    public bool TryTakePlace()
    {
        if (Interlocked.Increment(ref _taken) <= _places)
        {
            return true;
        }

        LeavePlace();
        return false;
    }

    public void LeavePlace() => Interlocked.Decrement(ref _taken);
}
