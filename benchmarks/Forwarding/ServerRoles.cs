using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StickySessions.Forwarding;
using Yarp.ReverseProxy.Forwarder;

namespace StickySessions.Benchmarks.Forwarding;

/// <summary>What one server process of the benchmark is: the bare pair, or a node. All have one endpoint and no logs.</summary>
internal static class ServerRoles
{
    public const string Owner = "owner";
    public const string Ingress = "ingress";
    public const string Node = "node";

    private static readonly byte[] Hello = "hello"u8.ToArray();

    public static async Task RunAsync(string[] role)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        await using var app = role switch
        {
            [Owner, var port] => BuildOwner(builder, Port(port)),
            [Ingress, var port, var owner] => BuildIngress(builder, Port(port), owner),
            [Node, var port, var name, .. var nodes] => BuildNode(builder, Port(port), name, nodes),
            _ => throw new ArgumentException($"Unknown role: {string.Join(' ', role)}"),
        };
        await app.StartAsync();
        await ServerProcess.ServeParentAsync();
    }

    private static WebApplication BuildOwner(WebApplicationBuilder builder, int port)
    {
        Listen(builder, port, HttpProtocols.Http2);
        var app = builder.Build();
        MapHello(app);
        return app;
    }

    /// <summary>The least that forwards: an endpoint with YARP's forwarder, over the transport that nodes use between each other.</summary>
    private static WebApplication BuildIngress(WebApplicationBuilder builder, int port, string owner)
    {
        Listen(builder, port, HttpProtocols.Http1);
        builder.Services.AddHttpForwarder();
        var app = builder.Build();
        var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        var transport = new HttpMessageInvoker(
            ForwardingTransport.CreatePrimaryHandler(new StickyForwardingOptions(), new TrustedCertificates(new StickyInterconnectOptions()), new KestrelServerOptions()));
        var request = new ForwarderRequestConfig
        {
            ActivityTimeout = Timeout.InfiniteTimeSpan,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        app.Map("/{**rest}", async context => await forwarder.SendAsync(context, owner, transport, request, HttpTransformer.Empty));
        return app;
    }

    private static WebApplication BuildNode(WebApplicationBuilder builder, int port, string name, string[] nodes)
    {
        Listen(builder, port, HttpProtocols.Http1);
        builder.Services.AddStickySessions()
            .ConfigureNode(node => node.Name = name)
            .ConfigureKeys(keys => keys.Secret = "a secret of the benchmark, the same on both nodes")
            .UseStaticNodes(cluster =>
            {
                foreach (var node in nodes)
                {
                    var parts = node.Split('=');
                    cluster.Nodes[parts[0]] = parts[1];
                }
            });
        var app = builder.Build();
        app.UseStickySessions();
        MapHello(app);
        return app;
    }

    private static void MapHello(WebApplication app) => app.MapGet("/", static (HttpContext context) =>
    {
        context.Response.ContentType = "text/plain";
        context.Response.ContentLength = Hello.Length;
        return context.Response.Body.WriteAsync(Hello).AsTask();
    });

    private static void Listen(WebApplicationBuilder builder, int port, HttpProtocols protocols)
        => builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = protocols));

    private static int Port(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
