using System.Net;
using StickySessions.Cluster;
using Yarp.ReverseProxy.Forwarder;

namespace StickySessions.Forwarding;

/// <summary>What this node keeps for each node that it forwards to: the address as text, the transport, the circuit and the limit.</summary>
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

    private readonly int _places;
    private int _taken;
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
    }

    public string Name { get; }

    public Uri Address { get; }

    /// <summary>How long a body may be so that it can be sent to another node as well, in bytes.</summary>
    public int LongestKept { get; }

    /// <summary>Scheme and authority, without a slash at the end.</summary>
    public string Prefix { get; }

    public ForwarderRequestConfig Config { get; }

    public NodeCircuit Circuit { get; }

    /// <summary>A timestamp of <see cref="TimeProvider"/>.</summary>
    public long LastUsed
    {
        get => Volatile.Read(ref _lastUsed);
        set => Volatile.Write(ref _lastUsed, value);
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
