using System.Net;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace StickySessions.Forwarding;

/// <summary>
/// The one long-held handler of the named client <see cref="ClientName"/>: connections to all nodes are pooled behind it.
/// </summary>
internal sealed class ForwardingTransport(IHttpMessageHandlerFactory handlers)
{
    public const string ClientName = "StickySessions";

    // Made at the first use: tests replace the primary handler of the named client until the host is built.
    private readonly Lazy<HttpMessageHandler> _handler = new(() => handlers.CreateHandler(ClientName));

    public HttpMessageHandler Handler => _handler.Value;

    /// <summary>The handler as it is: what is forwarded goes through a <see cref="ForwardGate"/>.</summary>
    public HttpMessageInvoker NewInvoker() => new(Handler, disposeHandler: false);

    public static SocketsHttpHandler CreatePrimaryHandler(
        StickyForwardingOptions forwarding, TrustedCertificates trusted, KestrelServerOptions listener)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            EnableMultipleHttp2Connections = true,
            ActivityHeadersPropagator = null,
            ConnectTimeout = forwarding.ConnectTimeout,
            KeepAlivePingDelay = forwarding.PingInterval,
            KeepAlivePingTimeout = forwarding.PingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            InitialHttp2StreamWindowSize = 1024 * 1024,
            PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
            // The owner's application says whether the body is wanted; nothing here may send it unasked.
            Expect100ContinueTimeout = Timeout.InfiniteTimeSpan,
            MaxResponseHeadersLength = 128,
            // All that Kestrel accepts or an application sets passes unchanged: the interconnect knows UTF-8 only, and the other node's
            // public listener reads and writes as this node's does.
            RequestHeaderEncodingSelector = (name, request) => EncodingToWrite(listener, name, request),
            ResponseHeaderEncodingSelector = (name, request) => EncodingOf(listener.ResponseHeaderEncodingSelector, name, request),
        };
        if (trusted.Validate is { } validate)
        {
            handler.SslOptions = new System.Net.Security.SslClientAuthenticationOptions { RemoteCertificateValidationCallback = validate };
        }

        return handler;
    }

    private static Encoding EncodingToWrite(KestrelServerOptions listener, string name, HttpRequestMessage request)
    {
        if (request.Version < HttpVersion.Version20)
        {
            SendOnce.Check(name, request);
        }

        return EncodingOf(listener.RequestHeaderEncodingSelector, name, request);
    }

    private static Encoding EncodingOf(Func<string, Encoding?> ofListener, string name, HttpRequestMessage request)
        => request.Version < HttpVersion.Version20 && ofListener(name) is { } chosen ? chosen : Encoding.UTF8;
}
