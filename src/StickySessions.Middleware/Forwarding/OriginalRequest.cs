using System.Net;

namespace StickySessions.Forwarding;

/// <summary>
/// What the interconnect cannot carry of a request by itself, as it was at the ingress node's <c>UseStickySessions</c>.
/// </summary>
internal sealed class OriginalRequest
{
    /// <summary>Null if the method arrives as it was sent; otherwise a WebSocket's <c>GET</c>, or unusual letter case.</summary>
    public string? Method { get; init; }

    public required string Scheme { get; init; }

    /// <summary>The <c>Host</c> header; null if there was none (HTTP/1.0).</summary>
    public string? Host { get; init; }

    /// <summary>Null if it is <see cref="Host"/>; otherwise what it was before <c>UseForwardedHeaders</c> changed it.</summary>
    public string? ArrivedHost { get; init; }

    public required string Protocol { get; init; }

    public IPAddress? RemoteAddress { get; init; }

    public int RemotePort { get; init; }

    public IPAddress? LocalAddress { get; init; }

    public int LocalPort { get; init; }

    /// <summary>Null if a URI can carry it; otherwise <c>*</c>, absolute-form, or with characters that do not survive.</summary>
    public string? RawTarget { get; init; }

    /// <summary>Null if the path is just what the raw target says; otherwise the application rewrote it on the way.</summary>
    public RequestPath? Rewritten { get; init; }

    /// <summary>The client's certificate (DER).</summary>
    public ReadOnlyMemory<byte> Certificate { get; init; }

    /// <summary>The headers by which an HTTP/1.1 client asked for a WebSocket; HTTP/2 has none of them.</summary>
    public WebSocketUpgrade? Upgrade { get; init; }

    public bool HasBody { get; init; }

    /// <summary>Null if there was no <c>Content-Length</c> header: transports add one of zero.</summary>
    public bool HasContentLength { get; init; }
}

/// <summary>Decoded, as <c>HttpRequest</c> shows them.</summary>
internal sealed record RequestPath(string PathBase, string Path, string Query);

internal sealed record WebSocketUpgrade(string? Connection, string? Upgrade, string? Key);
