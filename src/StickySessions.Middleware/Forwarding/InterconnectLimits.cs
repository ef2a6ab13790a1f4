using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace StickySessions.Forwarding;

/// <summary>
/// The interconnect's limits: the application's own where they must act at the owner, else none that a request would meet which
/// a public listener has accepted.
/// </summary>
internal sealed class InterconnectLimits(IOptions<KestrelServerOptions> applications)
{
    private const int Megabyte = 1024 * 1024;
    private const int RoomForHeadersOfNodes = 2 * SignedEnvelope.MaxTextLength;

    public void Apply(KestrelServerOptions server)
    {
        var application = applications.Value;
        server.AddServerHeader = false;
        server.AllowSynchronousIO = application.AllowSynchronousIO;
        server.AllowAlternateSchemes = true;
        server.RequestHeaderEncodingSelector = static _ => Encoding.UTF8;
        server.ResponseHeaderEncodingSelector = static _ => Encoding.UTF8;

        var limits = server.Limits;
        // Lifted at the ingress node while it forwards, so that an endpoint can raise it here as it can for a direct request.
        limits.MaxRequestBodySize = application.Limits.MaxRequestBodySize;
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(10);
        limits.MaxConcurrentConnections = null;
        limits.MaxConcurrentUpgradedConnections = null;
        limits.MaxRequestHeaderCount = application.Limits.MaxRequestHeaderCount + 16;
        limits.MaxRequestHeadersTotalSize = (application.Limits.MaxRequestHeadersTotalSize * 2) + RoomForHeadersOfNodes;
        limits.MaxRequestLineSize = application.Limits.MaxRequestLineSize * 2;
        limits.MaxResponseBufferSize = application.Limits.MaxResponseBufferSize;

        // Streams and WebSockets stay long; clients open another connection when one is full.
        limits.Http2.MaxStreamsPerConnection = 256;
        limits.Http2.InitialConnectionWindowSize = 16 * Megabyte;
        limits.Http2.InitialStreamWindowSize = Megabyte;
        limits.Http2.MaxRequestHeaderFieldSize = limits.MaxRequestHeadersTotalSize;
    }
}
