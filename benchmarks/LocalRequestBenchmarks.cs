using System.Text.RegularExpressions;
using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace StickySessions.Benchmarks;

/// <summary>
/// What <c>UseStickySessions</c> costs a request of a session that lives here, on a keep-alive connection: its whole way, with what it
/// does when the response starts and when it is complete.
/// </summary>
[MemoryDiagnoser]
public partial class LocalRequestBenchmarks
{
    private readonly Connection _connection = new();
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

        await _connection.HandleAsync(_with, _endpoint);
        _connection.Cookie = CookiePair().Match(_connection.Context.Response.Headers.SetCookie.ToString()).Value;
        _connection.Context.Response.Headers.Clear();
        await _connection.HandleAsync(_with, _endpoint);
        if (_connection.Cookie.Length == 0 || _connection.Context.Response.Headers.SetCookie.Count > 0)
        {
            throw new InvalidOperationException("The session is not local.");
        }
    }

    [GlobalCleanup]
    public async Task CleanupAsync() => await _app.DisposeAsync();

    [Benchmark(Baseline = true)]
    public Task Without() => _connection.HandleAsync(_without, _endpoint);

    [Benchmark]
    public Task With() => _connection.HandleAsync(_with, _endpoint);

    private static RequestDelegate AtEndpoint(RequestDelegate next) => static _ => Task.CompletedTask;

    [GeneratedRegex("^[^;]+")]
    private static partial Regex CookiePair();

    /// <summary>As Kestrel's: one context whose features, headers and callbacks are reused, and the same string of a cookie each time.</summary>
    private sealed class Connection : HttpResponseFeature, IConnectionItemsFeature
    {
        private readonly Stack<(Func<object, Task> Callback, object State)> _onStarting = new();
        private readonly Stack<(Func<object, Task> Callback, object State)> _onCompleted = new();

        public Connection()
        {
            var features = new FeatureCollection();
            features.Set<IHttpRequestFeature>(new HttpRequestFeature());
            features.Set<IHttpResponseFeature>(this);
            features.Set<IConnectionItemsFeature>(this);
            Context = new DefaultHttpContext(features);
        }

        public DefaultHttpContext Context { get; }

        public string? Cookie { get; set; }

        public IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

        public Task HandleAsync(RequestDelegate pipeline, Endpoint endpoint)
        {
            // A server begins each request without what the one before has set.
            Context.Features.Set<IStickySessionFeature>(null);
            Context.Request.Headers.Cookie = Cookie;
            Context.SetEndpoint(endpoint);
            var running = pipeline(Context);
            Run(_onStarting);
            Run(_onCompleted);
            return running;
        }

        public override void OnStarting(Func<object, Task> callback, object state) => _onStarting.Push((callback, state));

        public override void OnCompleted(Func<object, Task> callback, object state) => _onCompleted.Push((callback, state));

        private static void Run(Stack<(Func<object, Task> Callback, object State)> callbacks)
        {
            while (callbacks.TryPop(out var registered))
            {
                registered.Callback(registered.State);
            }
        }
    }
}
