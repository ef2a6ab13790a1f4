using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StickySessions.Ownership;

namespace StickySessions.Tests.Integration.Middleware;

/// <summary>One node of a cluster of its own, on a real socket, with a pipeline as a test wants it.</summary>
internal sealed class LoneNode : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false });

    private LoneNode(WebApplication app) => _app = app;

    public IServiceProvider Services => _app.Services;

    /// <summary>The sessions that the node holds.</summary>
    public IReadOnlyList<HeldSession> Held => [.. Services.GetRequiredService<HeldSessions>().All()];

    public static async Task<LoneNode> StartAsync(Action<WebApplication> pipeline)
    {
        var builder = WebApplication.CreateBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        builder.Services.AddStickySessions();
        var app = builder.Build();
        pipeline(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new LoneNode(app);
    }

    public Task<HttpResponseMessage> GetAsync(string path, string? cookie = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, _app.Urls.First() + path);
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
        }

        return _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    public static string CookieOf(HttpResponseMessage answer) => answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0];

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }
}
