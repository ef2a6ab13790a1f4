using System.Collections.Concurrent;
using System.Net;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>One request of an MCP client and its answer, by their heads.</summary>
internal sealed record McpExchange(HttpMethod Method, string? SessionId, HttpStatusCode Status);

/// <summary>
/// The HTTP client of an MCP client: it opens a connection for each request and keeps a record.
/// </summary>
internal sealed class McpExchanges : DelegatingHandler
{
    private readonly ConcurrentQueue<McpExchange> _seen = new();

    /// <param name="keepsCookies">An MCP client's own HTTP client keeps them too, unless it is told not to.</param>
    public McpExchanges(bool keepsCookies)
        : base(new SocketsHttpHandler { UseCookies = keepsCookies })
        => Client = new HttpClient(this, disposeHandler: false)
        {
            DefaultRequestHeaders = { ConnectionClose = true },
            Timeout = Timeout.InfiniteTimeSpan,
        };

    public HttpClient Client { get; }

    public IReadOnlyCollection<McpExchange> Seen => _seen;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        _seen.Enqueue(new McpExchange(
            request.Method,
            request.Headers.TryGetValues("Mcp-Session-Id", out var values) ? values.Single() : null,
            response.StatusCode));
        return response;
    }

    protected override void Dispose(bool disposing)
    {
        Client.Dispose();
        base.Dispose(disposing);
    }
}
