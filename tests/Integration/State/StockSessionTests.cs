using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace StickySessions.Tests.Integration.State;

/// <summary>Users who had a session of ASP.NET Core keep what it had when the application gets sticky sessions.</summary>
public sealed class StockSessionTests
{
    private const string StockCookie = ".AspNetCore.Session";

    [Fact]
    public async Task FirstRequest_WithAStockSession_TakesItOver()
    {
        await using var host = await StartAsync(import: true);
        await host.Client.GetAsync(host.Node, "/stock");

        await host.RunAsync(session => Assert.Equal(("Ada", 3), (session.GetString("name"), session.GetInt32("count"))));

        // Until the client has shown that it has the other cookie.
        Assert.NotNull(host.Client.CookiesOf(host.Node)[StockCookie]);
        await host.RunAsync(session => session.Remove("count"));
        Assert.Null(host.Client.CookiesOf(host.Node)[StockCookie]);
        await host.RunAsync(session => Assert.Equal(("Ada", null), (session.GetString("name"), session.GetInt32("count"))));
    }

    [Fact]
    public async Task FirstRequest_WithoutTheOption_BeginsEmpty()
    {
        await using var host = await StartAsync(import: false);
        await host.Client.GetAsync(host.Node, "/stock");

        await host.RunAsync(session => Assert.Empty(session.Keys));
    }

    [Fact]
    public async Task ManyFirstRequests_AtATime_AllTakeItOver()
    {
        await using var host = await StartAsync(import: true);
        await host.Client.GetAsync(host.Node, "/stock");

        var names = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.Client.GetAsync(host.Node, "/name")));

        Assert.All(names, name => Assert.Equal("Ada", name));
        await host.RunAsync(session => Assert.Equal("Ada", session.GetString("name")));
        await host.RunAsync(session => Assert.Equal("Ada", session.GetString("name")));
    }

    [Fact]
    public async Task SessionThatEnds_InTheRequestThatTookItOver_DoesNotComeBack()
    {
        await using var host = await StartAsync(import: true);
        await host.Client.GetAsync(host.Node, "/stock");

        var key = Assert.Single(Cache(host).Written);
        await host.RunAsync(context =>
        {
            Assert.Equal("Ada", context.Session.GetString("name"));
            context.Features.Get<IStickySessionFeature>()!.End();
            return Task.CompletedTask;
        });

        await host.RunAsync(session => Assert.Empty(session.Keys));
        Assert.Null(await Cache(host).GetAsync(key, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task StockSession_ThatCannotBeRead_IsNone()
    {
        await using var host = await StartAsync(import: true);
        await host.Client.GetAsync(host.Node, "/stock");
        await Cache(host).SetAsync(Assert.Single(Cache(host).Written), [2, 0, 0, 9, 1], TestContext.Current.CancellationToken);

        using var response = await host.RunAsync(session => Assert.Empty(session.Keys));

        Assert.True(response.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Import_WithoutACache_FailsAtTheStart()
    {
        var failed = await Assert.ThrowsAnyAsync<Exception>(() => SessionHost.StartAsync(
            null, sticky => sticky.Services.AddStickySessionState(state => state.ImportStockSession = true)));

        Assert.Contains("StickySessions:State:ImportStockSession is true", failed.ToString(), StringComparison.Ordinal);
    }

    private static CountingCache Cache(SessionHost host) => host.Node.Services.GetRequiredService<CountingCache>();

    private static Task<SessionHost> StartAsync(bool import) => SessionHost.StartAsync(
        null,
        sticky =>
        {
            sticky.Services.AddSession();
            sticky.Services.AddSingleton<CountingCache>();
            sticky.Services.AddSingleton<IDistributedCache>(static provider => provider.GetRequiredService<CountingCache>());
            sticky.Services.AddStickySessionState(state => state.ImportStockSession = import);
        },
        app =>
        {
            // The real one, as it was before the application had sticky sessions.
            var stock = ((IEndpointRouteBuilder)app).CreateApplicationBuilder();
            stock.UseMiddleware<SessionMiddleware>(new DistributedSessionStore(
                app.Services.GetRequiredService<IDistributedCache>(), app.Services.GetRequiredService<ILoggerFactory>()));
            stock.Run(context =>
            {
                context.Session.SetString("name", "Ada");
                context.Session.SetInt32("count", 3);
                return Task.CompletedTask;
            });
            app.Map("/stock", stock.Build()).DisableStickySession();
            app.MapGet("/name", (HttpContext context) => context.Session.GetString("name") ?? "-");
        });

    private sealed class CountingCache : IDistributedCache
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<string, byte[]> _entries = new();

        public System.Collections.Concurrent.ConcurrentBag<string> Written { get; } = [];

        public byte[]? Get(string key) => _entries.GetValueOrDefault(key);

        public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => Task.FromResult(Get(key));

        public void Refresh(string key)
        {
        }

        public Task RefreshAsync(string key, CancellationToken token = default) => Task.CompletedTask;

        public void Remove(string key) => _entries.TryRemove(key, out _);

        public Task RemoveAsync(string key, CancellationToken token = default)
        {
            Remove(key);
            return Task.CompletedTask;
        }

        public void Set(string key, byte[] value, DistributedCacheEntryOptions options)
        {
            if (!_entries.ContainsKey(key))
            {
                Written.Add(key);
            }

            _entries[key] = value;
        }

        public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
        {
            Set(key, value, options);
            return Task.CompletedTask;
        }
    }
}
