using System.Net.WebSockets;
using Microsoft.AspNetCore.Http.Connections.Client;

namespace StickySessions.Benchmarks.State;

/// <summary>What a load balancer does: it asks each node from time to time whether it is ready, and sends nothing new to one that is not.</summary>
internal sealed class Balancer : IAsyncDisposable
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(250);

    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(2) };
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri[] _nodes;
    private readonly Task _watching;
    private volatile Uri[] _ready = [];

    public Balancer(IEnumerable<Uri> nodes)
    {
        _nodes = [.. nodes];
        _watching = Task.Run(WatchAsync);
    }

    public Uri Next()
    {
        var ready = _ready;
        return ready.Length > 0 ? ready[Random.Shared.Next(ready.Length)] : throw new HttpRequestException("No node is ready.");
    }

    public async Task UntilAllAreReadyAsync()
    {
        while (_ready.Length < _nodes.Length)
        {
            await Task.Delay(BetweenLooks);
        }
    }

    /// <summary>A connection of SignalR gets a node each time that it connects.</summary>
    public void Balance(HttpConnectionOptions connection)
    {
        connection.HttpMessageHandlerFactory = inner => new BalancedHandler(this, inner);
        connection.WebSocketFactory = async (context, cancellationToken) =>
        {
            var socket = new ClientWebSocket();
            socket.Options.Cookies = context.Options.Cookies;
            var address = new UriBuilder(At(Next(), context.Uri)) { Scheme = "ws" }.Uri;
            await socket.ConnectAsync(address, cancellationToken);
            return socket;
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _client.Dispose();
        _stop.Dispose();
    }

    private static Uri At(Uri node, Uri asked) => new(node, asked.PathAndQuery);

    private async Task WatchAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var looks = await Task.WhenAll(_nodes.Select(async node => (Node: node, IsReady: await IsReadyAsync(node))));
            _ready = [.. looks.Where(look => look.IsReady).Select(look => look.Node)];
            await Task.Delay(BetweenLooks);
        }
    }

    private async Task<bool> IsReadyAsync(Uri node)
    {
        try
        {
            using var answer = await _client.GetAsync(new Uri(node, "/ready"));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private sealed class BalancedHandler(Balancer balancer, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri = At(balancer.Next(), request.RequestUri!);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
