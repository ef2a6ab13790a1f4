using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace StickySessions.Benchmarks;

/// <summary>
/// What <c>UseStickySessions</c> costs a request of a session that lives here, on a keep-alive connection: its whole way, with what it
/// does when the response starts and when it is complete.
/// </summary>
[MemoryDiagnoser]
public class LocalRequestBenchmarks
{
    private readonly ServerConnection _connection = new();
    private readonly Endpoint _endpoint = new(static _ => Task.CompletedTask, EndpointMetadataCollection.Empty, "an endpoint");
    private WebApplication _app = null!;
    private RequestDelegate _without = null!;
    private RequestDelegate _with = null!;

    [GlobalSetup]
    public async Task SetupAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddStickySessions();
        _app = builder.Build();
        await _app.StartAsync();

        _without = new ApplicationBuilder(_app.Services).Use(AtEndpoint).Build();
        _with = new ApplicationBuilder(_app.Services).UseStickySessions().Use(AtEndpoint).Build();

        await _connection.BeginSessionAsync(_with, _endpoint);
    }

    [GlobalCleanup]
    public async Task CleanupAsync() => await _app.DisposeAsync();

    [Benchmark(Baseline = true)]
    public Task Without() => _connection.HandleAsync(_without, _endpoint);

    [Benchmark]
    public Task With() => _connection.HandleAsync(_with, _endpoint);

    private static RequestDelegate AtEndpoint(RequestDelegate next) => static _ => Task.CompletedTask;
}
