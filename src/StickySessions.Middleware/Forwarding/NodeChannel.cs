using System.Net;
using Polly;
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

    private long _lastUsed;

    public NodeChannel(Node node, ResiliencePipeline<HttpResponseMessage> pipeline)
    {
        Name = node.Name;
        Prefix = node.Address.GetLeftPart(UriPartial.Authority);
        Config = node.HasInterconnect ? OverInterconnect : OverPublicAddress;
        Address = node.Address;
        Pipeline = pipeline;
    }

    public string Name { get; }

    public Uri Address { get; }

    /// <summary>Scheme and authority, without a slash at the end.</summary>
    public string Prefix { get; }

    public ForwarderRequestConfig Config { get; }

    public ResiliencePipeline<HttpResponseMessage> Pipeline { get; }

    /// <summary>A timestamp of <see cref="TimeProvider"/>.</summary>
    public long LastUsed
    {
        get => Volatile.Read(ref _lastUsed);
        set => Volatile.Write(ref _lastUsed, value);
    }
}
