using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using StickySessions.Ownership;

namespace StickySessions.State;

/// <summary>
/// A request for a WebSocket or for server-sent events, and what came of it. A WebSocket is ended by a close frame that tells the client
/// to come again elsewhere (1001); a stream of events by cancelling the application's token, after which the response is complete. Both
/// are where <c>UseStickySessions</c> stands, so the application need not know of it.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The source has no timer and nobody asks it for a handle, so it holds nothing.")]
internal sealed class LongLivedRequest : ILongLivedRequest
{
    private static readonly AsyncLocal<LongLivedRequest?> Ambient = new();

    private readonly IHttpRequestLifetimeFeature _server;
    private readonly CancellationTokenSource _end;
    private readonly TaskCompletionSource _isOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile WebSocketStream? _socket;
    private volatile bool _isUpgraded;
    private volatile bool _isEventStream;
    private volatile bool _isEnded;
    private volatile Func<Task, Task>? _farewell;

    private LongLivedRequest(HttpContext context)
    {
        _server = context.Features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        _end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
    }

    /// <summary>The one on whose behalf the present code runs: a hub's methods run within the request of their WebSocket.</summary>
    public static LongLivedRequest? Current => Ambient.Value;

    public bool HasBegun => _isUpgraded || _isEventStream;

    public CancellationToken RequestAborted
    {
        get => _server.RequestAborted;
        set => _server.RequestAborted = value;
    }

    /// <summary>Whether a request may become one. Allocates nothing.</summary>
    public static bool MayBe(HttpContext context)
        => IsUpgrade(context, out _)
            || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true }
            || EventStream.IsAcceptedBy(context.Request.Headers.Accept);

    /// <summary>Lets the application run a request that may become one, so that it can be ended.</summary>
    /// <param name="context">The request, which is among those.</param>
    /// <param name="requests">The requests that run beside it.</param>
    /// <param name="next">The application.</param>
    public static async Task RunAsync(HttpContext context, RunningRequests requests, RequestDelegate next)
    {
        var features = context.Features;
        var (upgrade, connect, aborted) = (features.Get<IHttpUpgradeFeature>(), features.Get<IHttpExtendedConnectFeature>(), context.RequestAborted);
        var request = new LongLivedRequest(context);
        request.Watch(context);
        requests.Attach(context, request);
        context.RequestAborted = request._end.Token;
        Ambient.Value = request;
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (request._isEnded && !aborted.IsCancellationRequested)
        {
            // It was asked to end, and did. Servers would break the response off.
        }
        finally
        {
            // The server may use all of these again for another request.
            await request.StopAsync();
            features.Set(upgrade);
            features.Set(connect);
            context.RequestAborted = aborted;
        }
    }

    /// <summary>What is to be said to the client, over what the request has become, before that is ended.</summary>
    /// <param name="farewell">Given what is over once the request is, to wait for a client that leaves by itself. It must bound its own time.</param>
    public void BeforeItEnds(Func<Task, Task> farewell) => _farewell = farewell;

    public async Task EndAsync()
    {
        _isEnded = true;
        if (_farewell is { } farewell)
        {
            await farewell(_isOver.Task);
        }

        if (_socket is { } socket)
        {
            _ = socket.GoAwayAsync();
        }
        else if (!_isUpgraded)
        {
            _ = _end.CancelAsync();
        }
    }

    public void Abort() => _server.Abort();

    // The source lives on with the server's token, to which it is linked: a client that goes is often noticed only after the application has met
    // the end of its stream, and what the application registered must still be told.
    private Task StopAsync()
    {
        _isOver.TrySetResult();
        return _socket?.StopAsync() ?? Task.CompletedTask;
    }

    private void Watch(HttpContext context)
    {
        if (IsUpgrade(context, out var upgrade))
        {
            var isWebSocket = context.Request.Headers.Upgrade is [{ } protocol] && IsWebSocket(protocol);
            context.Features.Set<IHttpUpgradeFeature>(new WatchedUpgrade(this, upgrade, isWebSocket));
        }
        else if (context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect)
        {
            context.Features.Set<IHttpExtendedConnectFeature>(new WatchedConnect(this, connect));
        }
        else if (!context.Response.HasStarted)
        {
            context.Response.OnStarting(() =>
            {
                _isEventStream = EventStream.IsNamedBy(context.Response.Headers.ContentType);
                return Task.CompletedTask;
            });
        }
    }

    private Stream Accepted(Stream stream, bool isWebSocket)
    {
        if (isWebSocket)
        {
            stream = _socket = new WebSocketStream(stream);
        }

        _isUpgraded = true;
        return stream;
    }

    private static bool IsUpgrade(HttpContext context, [NotNullWhen(true)] out IHttpUpgradeFeature? upgrade)
    {
        upgrade = context.Features.Get<IHttpUpgradeFeature>();
        return upgrade is { IsUpgradableRequest: true };
    }

    private static bool IsWebSocket(string? protocol) => string.Equals(protocol, "websocket", StringComparison.OrdinalIgnoreCase);

    /// <summary>The server's own feature, below the one that watches.</summary>
    public static IHttpUpgradeFeature? ServersOf(IHttpUpgradeFeature? upgrade) => upgrade is WatchedUpgrade watched ? watched.Server : upgrade;

    private sealed class WatchedUpgrade(LongLivedRequest request, IHttpUpgradeFeature server, bool isWebSocket) : IHttpUpgradeFeature
    {
        public IHttpUpgradeFeature Server => server;

        public bool IsUpgradableRequest => server.IsUpgradableRequest;

        public async Task<Stream> UpgradeAsync() => request.Accepted(await server.UpgradeAsync(), isWebSocket);
    }

    private sealed class WatchedConnect(LongLivedRequest request, IHttpExtendedConnectFeature server) : IHttpExtendedConnectFeature
    {
        public bool IsExtendedConnect => server.IsExtendedConnect;

        public string? Protocol => server.Protocol;

        public async ValueTask<Stream> AcceptAsync() => request.Accepted(await server.AcceptAsync(), IsWebSocket(Protocol));
    }
}
