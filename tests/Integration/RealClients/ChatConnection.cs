using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>One connection of the official SignalR client for .NET to the hub.</summary>
internal sealed class ChatConnection : IAsyncDisposable
{
    private readonly ConcurrentQueue<int> _heard = new();
    private readonly ConcurrentQueue<string> _troubles = new();
    private readonly HubConnection _hub;

    /// <param name="address">The balancer's.</param>
    /// <param name="transport">The only one that it uses.</param>
    /// <param name="cookies">What it keeps cookies in; null for a client that ignores them.</param>
    /// <param name="isMessagePack">Instead of JSON.</param>
    /// <param name="isStateful">Whether it reconnects without anybody noticing.</param>
    public ChatConnection(Uri address, HttpTransportType transport, CookieContainer? cookies, bool isMessagePack = false, bool isStateful = false)
    {
        var builder = new HubConnectionBuilder().WithUrl(new Uri(address, "/chat"), transport, options =>
        {
            options.SkipNegotiation = false;
            options.Cookies = cookies ?? new CookieContainer();
            options.HttpMessageHandlerFactory = inner =>
            {
                ((HttpClientHandler)inner).UseCookies = cookies is not null;
                return new TroubleWatch(_troubles) { InnerHandler = inner };
            };
        });
        if (isMessagePack)
        {
            builder.AddMessagePackProtocol();
        }

        if (isStateful)
        {
            builder.WithStatefulReconnect();
        }

        _hub = builder.Build();
        _hub.On<int>("said", _heard.Enqueue);
        _hub.Closed += exception =>
        {
            _troubles.Enqueue($"Closed: {exception}");
            return Task.CompletedTask;
        };
    }

    public string? Id => _hub.ConnectionId;

    /// <summary>What went wrong so far, whether or not the client got over it.</summary>
    public IEnumerable<string> Troubles => _troubles;

    public Task StartAsync() => _hub.StartAsync(TestContext.Current.CancellationToken);

    public Task<int[]> SayAsync() => _hub.InvokeAsync<int[]>("Say", TestContext.Current.CancellationToken);

    public async Task<Told> TalkAsync(int messages)
    {
        var answers = new List<int[]>();
        while (answers.Count < messages)
        {
            answers.Add(await SayAsync());
        }

        var streamed = await _hub.StreamAsync<int>("CountTo", messages, TestContext.Current.CancellationToken).ToArrayAsync();
        return new Told([.. answers]) { Heard = await HeardAsync(messages), Streamed = streamed };
    }

    /// <summary>The numbers that came as messages, as soon as there are so many: the client hands them over beside the answers.</summary>
    public async Task<int[]> HeardAsync(int messages)
    {
        await Eventually.Async(() => _heard.Count >= messages);
        return [.. _heard];
    }

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    /// <summary>Notes requests that fail.</summary>
    private sealed class TroubleWatch(ConcurrentQueue<string> troubles) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                var answer = await base.SendAsync(request, cancellationToken);
                if (!answer.IsSuccessStatusCode)
                {
                    troubles.Enqueue($"{request.Method} {request.RequestUri}: {answer.StatusCode}");
                }

                return answer;
            }
            catch (HttpRequestException exception)
            {
                troubles.Enqueue(exception.ToString());
                throw;
            }
        }
    }
}
