using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using StickySessions.Tests.Integration.Conformance.Application;
using StickySessions.Tests.Integration.Conformance.Comparing;

namespace StickySessions.Tests.Integration.Conformance.Clients;

/// <summary>Clients of the framework, told to add nothing of their own.</summary>
internal static class HttpClients
{
    /// <summary>A handler with connections of its own, whose ports the route knows.</summary>
    public static SocketsHttpHandler CreateHandler(this Route route, X509Certificate2? clientCertificate = null) => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        MaxResponseHeadersLength = 128,
        SslOptions = RawConnection.TlsOptions(clientCertificate),
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            route.AddClientPort(((IPEndPoint)socket.LocalEndPoint!).Port);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    /// <summary>A request for the public HTTP/2 listener.</summary>
    public static HttpRequestMessage Http2Request(this Route route, HttpMethod method, string target, bool https = false)
    {
        var listener = (https ? route.Ingress.Https : route.Ingress.H2c).GetLeftPart(UriPartial.Authority);
        var request = new HttpRequestMessage
        {
            Method = method,
            RequestUri = new Uri(listener + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }),
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Host = Pipelines.Host;
        request.Headers.Add("Cookie", route.Cookie);
        request.Headers.Add(RequestRecorder.IdHeader, route.Id);
        return request;
    }

    /// <summary>One HTTP/2 request on a connection of its own.</summary>
    public static async Task<Fields> SendHttp2Async(this Route route, HttpMethod method, string target, Action<HttpRequestMessage>? prepare = null)
    {
        using var client = new HttpMessageInvoker(route.CreateHandler());
        using var request = route.Http2Request(method, target);
        prepare?.Invoke(request);
        return await client.SendAndReadAsync(request);
    }

    public static async Task<Fields> SendAndReadAsync(this HttpMessageInvoker client, HttpRequestMessage request)
    {
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        var answer = HeadOf(response);
        await using var body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        await body.ReadIntoAsync(answer);
        foreach (var (name, values) in response.TrailingHeaders.NonValidated)
        {
            answer.AddTrailer(name, values);
        }

        return answer;
    }

    public static Fields HeadOf(HttpResponseMessage response)
    {
        var answer = new Fields();
        answer.Set("protocol", response.Version);
        answer.Set("status", (int)response.StatusCode);
        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            answer.AddHeader(name, values.Select(value => ServerClock.IsNow(name, value) ? "now" : value));
        }

        return answer;
    }

    /// <summary>Reads a body to its end, or to where it breaks off.</summary>
    public static async Task ReadIntoAsync(this Stream body, Fields answer)
    {
        try
        {
            using var content = new MemoryStream();
            await body.CopyToAsync(content, TestContext.Current.CancellationToken);
            answer.SetBody(content.ToArray());
            answer.Set("ending", "complete");
        }
        catch (HttpIOException exception)
        {
            answer.Set("ending", "truncated");
            answer.Set("error code", (exception.InnerException as HttpProtocolException)?.ErrorCode);
        }
    }
}
