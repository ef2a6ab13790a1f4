using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance;

/// <summary>How a request reaches the node that owns its session.</summary>
public enum Transport
{
    /// <summary>The client sends it there: what all others are compared with, and compared with itself to check the comparing.</summary>
    Direct,

    /// <summary>Through another node, over an interconnect without TLS.</summary>
    H2c,

    /// <summary>Through another node, over an interconnect with TLS.</summary>
    Tls,

    /// <summary>Through another node, to the public address.</summary>
    Http11,
}

internal static class Transports
{
    public static Transport[] All { get; } = Enum.GetValues<Transport>();

    public static Transport[] Forwarded { get; } = [.. All.Where(transport => transport is not Transport.Direct)];

    /// <summary>Those that can answer while the request is still being sent, and that carry trailers; HTTP/1.1 does neither.</summary>
    public static Transport[] Streaming { get; } = [.. All.Where(transport => transport is not Transport.Http11)];

    public static InterconnectKind Interconnect(this Transport transport) => transport switch
    {
        Transport.Http11 => InterconnectKind.None,
        Transport.Tls => InterconnectKind.Tls,
        _ => InterconnectKind.H2c,
    };
}
