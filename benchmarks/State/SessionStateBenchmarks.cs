using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace StickySessions.Benchmarks.State;

/// <summary>
/// A request that reads, or changes, 100 bytes of its session's state, its whole way through the pipeline: beside <c>UseSession</c> with the cache that is
/// in the process's own memory.
/// </summary>
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[CategoriesColumn]
public class SessionStateBenchmarks
{
    private const string Key = "data";

    private readonly ServerConnection _toSticky = new();
    private readonly ServerConnection _toStock = new();
    private readonly Endpoint _endpoint = new(static _ => Task.CompletedTask, EndpointMetadataCollection.Empty, "an endpoint");
    private readonly byte[][] _values = [new byte[100], Enumerable.Repeat((byte)1, 100).ToArray()];
    private readonly List<WebApplication> _apps = [];
    private RequestDelegate _stickyRead = null!;
    private RequestDelegate _stickyWrite = null!;
    private RequestDelegate _stockRead = null!;
    private RequestDelegate _stockWrite = null!;
    private int _writes;

    [GlobalSetup]
    public async Task SetupAsync()
    {
        var sticky = await StartAsync(services =>
        {
            services.AddStickySessions();
            services.AddStickySessionState();
        });
        var stock = await StartAsync(static services => services.AddDistributedMemoryCache().AddSession());
        (_stickyRead, _stickyWrite) = (Sticky(sticky, Read), Sticky(sticky, Write));
        (_stockRead, _stockWrite) = (Stock(stock, Read), Stock(stock, Write));
        await _toSticky.BeginSessionAsync(_stickyWrite, _endpoint);
        await _toStock.BeginSessionAsync(_stockWrite, _endpoint);
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        foreach (var app in _apps)
        {
            await app.DisposeAsync();
        }
    }

    [BenchmarkCategory("Read"), Benchmark(Baseline = true)]
    public Task UseSessionReads() => _toStock.HandleAsync(_stockRead, _endpoint);

    [BenchmarkCategory("Read"), Benchmark]
    public Task UseStickySessionsReads() => _toSticky.HandleAsync(_stickyRead, _endpoint);

    [BenchmarkCategory("Write"), Benchmark(Baseline = true)]
    public Task UseSessionWrites() => _toStock.HandleAsync(_stockWrite, _endpoint);

    [BenchmarkCategory("Write"), Benchmark]
    public Task UseStickySessionsWrites() => _toSticky.HandleAsync(_stickyWrite, _endpoint);

    private async Task<WebApplication> StartAsync(Action<IServiceCollection> configure)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        configure(builder.Services);
        var app = builder.Build();
        _apps.Add(app);
        await app.StartAsync();
        return app;
    }

    private static RequestDelegate Sticky(WebApplication app, RequestDelegate handler)
        => new ApplicationBuilder(app.Services).UseStickySessions().Use(_ => handler).Build();

    private static RequestDelegate Stock(WebApplication app, RequestDelegate handler)
        => new ApplicationBuilder(app.Services).UseSession().Use(_ => handler).Build();

    private static async Task Read(HttpContext context)
    {
        await context.Session.LoadAsync();
        if (!context.Session.TryGetValue(Key, out _))
        {
            throw new InvalidOperationException("The session has lost its state.");
        }
    }

    private async Task Write(HttpContext context)
    {
        await context.Session.LoadAsync();
        context.Session.Set(Key, _values[++_writes % _values.Length]);
    }
}
