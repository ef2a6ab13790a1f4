using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace StickySessions.Tests.Integration.MainJob;

/// <summary>
/// Three hosts of <see cref="WebApplicationFactory{TEntryPoint}"/>: joined in memory, where what one forwards is handed to the other's
/// test server, or over real sockets.
/// </summary>
internal sealed class FactoryShop : IShop
{
    private readonly ImmutableArray<Node> _nodes;

    private FactoryShop(ImmutableArray<Node> nodes) => _nodes = nodes;

    public static FactoryShop Start(string redis, bool overSockets)
    {
        var cluster = $"main-job-{Guid.NewGuid():N}";
        var network = new ConcurrentDictionary<string, Node>(StringComparer.Ordinal);
        var nodes = Enumerable.Range(1, 3).Select(number => new Node($"web-{number}", redis, cluster, overSockets ? null : network)).ToImmutableArray();
        foreach (var node in nodes)
        {
            network[node.Name] = node;
            node.Start();
        }

        return new FactoryShop(nodes);
    }

    public Task<HttpResponseMessage> SendAsync(int node, HttpRequestMessage request) => _nodes[node].SendAsync(request);

    public Task StopAsync(int node) => _nodes[node].StopAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    /// <summary>One host. It has a network if the nodes are joined in memory.</summary>
    private sealed class Node(string name, string redis, string cluster, ConcurrentDictionary<string, Node>? network) : WebApplicationFactory<Node>
    {
        private HttpMessageInvoker? _client;

        public string Name => name;

        public void Start()
        {
            if (network is not null)
            {
                _client = new HttpMessageInvoker(Server.CreateHandler());
                return;
            }

            UseKestrel(0);
            StartServer();
            _client = new HttpMessageInvoker(new SocketsHttpHandler { UseCookies = false, PooledConnectionLifetime = TimeSpan.Zero });
        }

        public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
        {
            request.RequestUri = new Uri(network is null ? ClientOptions.BaseAddress : new Uri("http://shop.test"), request.RequestUri!);
            return _client!.SendAsync(request, TestContext.Current.CancellationToken);
        }

        public Task StopAsync() => Services.GetRequiredService<IHost>().StopAsync(TestContext.Current.CancellationToken);

        protected override IHostBuilder CreateHostBuilder() => new HostBuilder().ConfigureWebHost(web => web.Configure(UseShop));

        protected override void ConfigureWebHost(IWebHostBuilder builder) => builder.ConfigureServices(AddShop);

        protected override IHost CreateHost(IHostBuilder builder) => base.CreateHost(builder.UseContentRoot(AppContext.BaseDirectory));

        protected override void Dispose(bool disposing)
        {
            _client?.Dispose();
            base.Dispose(disposing);
        }

        private void AddShop(IServiceCollection services)
        {
            services.AddLogging(logging => logging.ClearProviders());
            services.AddDataProtection().UseEphemeralDataProtectionProvider();
            services.AddRouting();
            var sticky = services.AddStickySessions()
                .ConfigureNode(node =>
                {
                    node.Name = name;
                    node.DrainDelay = TimeSpan.Zero;
                })
                .UseRedis(options =>
                {
                    options.Configuration = redis;
                    options.ClusterName = cluster;
                });
            if (network is null)
            {
                sticky.ConfigureInterconnect(interconnect => interconnect.Url = "http://127.0.0.1:0");
                return;
            }

            sticky.ConfigureInterconnect(interconnect => interconnect.Enabled = false)
                .ConfigureNode(node => node.PublicAddress = new Uri($"http://{name}"));
            services.AddHttpClient("StickySessions").ConfigurePrimaryHttpMessageHandler(() => new InMemoryNetwork(network));
        }

        private static void UseShop(IApplicationBuilder app)
        {
            app.UseRouting();
            app.UseStickySessions();
            app.UseEndpoints(TinyShop.Map);
        }
    }

    /// <summary>Hands a request to the test server of the node that its address names.</summary>
    private sealed class InMemoryNetwork(ConcurrentDictionary<string, Node> nodes) : HttpMessageHandler
    {
        private readonly ConcurrentDictionary<string, HttpMessageInvoker> _clients = new(StringComparer.Ordinal);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            // The test server takes addresses apart, which those that are sent byte for byte do not allow.
            request.RequestUri = new Uri(request.RequestUri!.OriginalString);
            return _clients
                .GetOrAdd(request.RequestUri.Host, host => new HttpMessageInvoker(nodes[host].Server.CreateHandler()))
                .SendAsync(request, cancellationToken);
        }
    }
}
