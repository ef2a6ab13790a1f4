using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Redis;

namespace StickySessions.Forwarding;

/// <summary>
/// The listener on which nodes talk to each other: a second server in the process that never touches the application's own, so
/// no endpoint is displaced however it was configured. It binds before anything else starts and closes after everything else.
/// </summary>
internal sealed partial class InterconnectServer(
    InterconnectApplication application,
    InterconnectAddress address,
    InterconnectLimits limits,
    IOptions<StickyInterconnectOptions> options,
    IOptions<StickyNodeOptions> node,
    IOptions<StickyStaticOptions> nodes,
    IOptions<StickyRedisOptions> redis,
    IServiceProvider services,
    ILoggerFactory loggers,
    ILogger<InterconnectServer> logger) : IHostedLifecycleService, IDisposable
{
    private KestrelServer? _server;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (InterconnectEndpoint.Choose(options.Value, node.Value, nodes.Value, redis.Value) is not var (url, hostMayBeForeign))
        {
            return;
        }

        if (!InterconnectEndpoint.TryParse(url, hostMayBeForeign, out var endpoint))
        {
            throw new InvalidOperationException(
                $"The interconnect cannot listen at '{url}': it must look like http://10.0.0.5:6001 or https://*:0, with an IP address, 'localhost' or '*'. Set StickySessions:Interconnect:Url.");
        }

        _server = Create(endpoint);
        try
        {
            await _server.StartAsync(application, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            throw new InvalidOperationException(
                $"The interconnect cannot listen at '{url}': {failure.InnerException?.Message ?? failure.Message}. Set StickySessions:Interconnect:Url to a free port, or to port 0 for any, at an address of this machine.", failure);
        }

        Announce(endpoint, _server.Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => _server?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public void Dispose() => _server?.Dispose();

    private KestrelServer Create(InterconnectEndpoint endpoint)
    {
        var server = new KestrelServerOptions { ApplicationServices = services };
        limits.Apply(server);
        if (endpoint.Address is { } ip)
        {
            server.Listen(ip, endpoint.Port, Configure);
        }
        else
        {
            // IPv6 and IPv4, or IPv4 alone on a machine without IPv6.
            server.ListenAnyIP(endpoint.Port, Configure);
        }

        return new KestrelServer(Options.Create(server), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers), loggers);

        void Configure(ListenOptions listen)
        {
            // Over cleartext HTTP/1.1 beside it would switch HTTP/2 off.
            listen.Protocols = HttpProtocols.Http2;
            if (endpoint.IsTls)
            {
                listen.UseHttps(InterconnectCertificate.Load(options.Value));
            }
        }
    }

    private void Announce(InterconnectEndpoint endpoint, string bound)
    {
        var port = BindingAddress.Parse(bound).Port;
        var listening = endpoint.Reachable(port);
        var advertised = options.Value.AdvertisedUrl
            ?? (options.Value.Url is null && nodes.Value.Nodes.TryGetValue(node.Value.Name, out var own) ? new Uri(own) : listening);
        address.Set(listening, advertised.Port == 0 ? new UriBuilder(advertised) { Port = port }.Uri : advertised);
        LogListening(logger, bound, advertised);
    }

    [LoggerMessage(StickyEventIds.Forwarding + 10, LogLevel.Information, "The interconnect listens on {Bound}; other nodes use {Advertised}")]
    private static partial void LogListening(ILogger logger, string bound, Uri advertised);
}
