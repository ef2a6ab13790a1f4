using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Forwarding;
using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Nodes;

/// <summary>
/// One node under test, a process of its own: a minimal application that counts the requests of each session in memory, keeps a cart in its
/// state if it is to, and writes down each request that it runs.
/// </summary>
internal static class ChaosNodeProgram
{
    public const string Command = "chaos-node";

    /// <summary>The request header with the id of the request.</summary>
    public const string IdHeader = "X-Chaos-Id";

    private static readonly TimeSpan StreamInterval = TimeSpan.FromMilliseconds(200);

    public static async Task<int> RunAsync(string[] arguments)
    {
        var builder = WebApplication.CreateSlimBuilder(arguments);
        var settings = builder.Configuration.GetRequiredSection("Chaos");
        var process = settings["Process"]!;
        AppContext.SetSwitch(NodeLease.NoFenceSwitch, !settings.GetValue<bool>("Fence"));
        using var log = new ExecutionLog(settings["Log"]!, process);

        builder.Logging.ClearProviders().AddSimpleConsole(options =>
        {
            options.SingleLine = true;
            options.TimestampFormat = "HH:mm:ss.fff ";
        });
        builder.Services.AddStickySessions();
        var keepsCarts = settings.GetValue<bool>("Carts");
        if (keepsCarts)
        {
            builder.Services.AddCarts();
        }

        builder.Services.AddHealthChecks().AddStickySessions();
        builder.Services.AddHttpClient(ForwardingTransport.ClientName)
            .ConfigurePrimaryHttpMessageHandler((handler, _) => ConnectFrom((SocketsHttpHandler)handler, IPAddress.Parse(settings["Source"]!)));

        await using var app = builder.Build();
        app.Use((context, next) =>
        {
            if (context.Request.Headers[IdHeader] is [{ } id])
            {
                log.Arrived(id);
            }

            return next(context);
        });
        app.UseStickySessions();

        var memories = new SessionMemories();
        Answer Enter(HttpContext context, IClusterMembership membership)
        {
            var session = OwnedSessionFeature.Of(context)!;
            var memory = memories.Of(session.Session);
            var answer = new Answer(session.SessionId, session.Epoch, process, memory.Number, membership.Self.Tag.ToString(), memory.CountRequest());
            log.Began(context.Request.Headers[IdHeader].ToString(), answer);
            return answer;
        }

        app.MapPost("/op", async (HttpContext context, IClusterMembership membership, int hold) =>
        {
            var answer = Enter(context, membership);
            if (hold > 0)
            {
                await Task.Delay(hold, context.RequestAborted);
            }

            log.Ended(context.Request.Headers[IdHeader].ToString());
            await context.Response.WriteAsync(ExecutionLog.Format(answer), context.RequestAborted);
        });
        if (keepsCarts)
        {
            app.MapCarts(Enter, context => log.Ended(context.Request.Headers[IdHeader].ToString()));
        }

        app.MapPost("/stream", async (HttpContext context, IClusterMembership membership, IHostApplicationLifetime lifetime) =>
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
            var answer = ExecutionLog.Format(Enter(context, membership));
            using var timer = new PeriodicTimer(StreamInterval);
            while (await timer.WaitForNextTickAsync(end.Token))
            {
                var at = Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture);
                await context.Response.WriteAsync($"{at} {answer}\n", end.Token);
            }
        });
        app.MapGet("/view", (IClusterMembership membership) => string.Join(
            ' ', membership.View.Nodes.Select(node => $"{node.Name}={node.Tag}:{node.State}").Order(StringComparer.Ordinal))).DisableStickySession();
        app.MapHealthChecks("/healthz/ready");

        await app.RunAsync();
        return 0;
    }

    /// <summary>Nodes have one advertised address each; by where a connection comes from the cutter in front of it tells who connects.</summary>
    private static void ConnectFrom(SocketsHttpHandler handler, IPAddress source)
        => handler.ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                socket.Bind(new IPEndPoint(source, 0));
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        };
}
