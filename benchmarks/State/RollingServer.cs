using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace StickySessions.Benchmarks.State;

/// <summary>A node of a cluster that is deployed anew, node by node. A session counts its visits and keeps 4 KB.</summary>
internal static class RollingServer
{
    public const int ValueLength = 4096;

    /// <summary>Says that the cluster is of configured nodes, which follow; otherwise it is in Redis.</summary>
    public const string StaticCluster = "static:";

    private const string Visits = "visits";
    private const string Data = "data";

    /// <param name="builder">Listens already.</param>
    /// <param name="name">The node's name.</param>
    /// <param name="interconnect">Where other nodes find it.</param>
    /// <param name="cluster">A connection string of Redis, or <see cref="StaticCluster"/> and each node as <c>name=address</c>.</param>
    public static WebApplication Build(WebApplicationBuilder builder, string name, string interconnect, string cluster)
    {
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true).AddFilter((category, level) => level >= LogLevel.Warning
            || (level == LogLevel.Information && category?.StartsWith("StickySessions", StringComparison.Ordinal) == true));
        builder.Services.AddHealthChecks().AddStickySessions();
        builder.Services.AddSignalR();
        builder.Services.AddStickySessionState();
        var sticky = builder.Services.AddStickySessions()
            .ConfigureNode(node => node.Name = name)
            .ConfigureInterconnect(options => options.Url = interconnect)
            .ConfigureKeys(keys => keys.Secret = "a secret of the benchmark, the same on all nodes");
        if (cluster.StartsWith(StaticCluster, StringComparison.Ordinal))
        {
            sticky.UseStaticNodes(nodes =>
            {
                foreach (var node in cluster[StaticCluster.Length..].Split(','))
                {
                    nodes.Nodes[node.Split('=')[0]] = node.Split('=')[1];
                }
            });
        }
        else
        {
            sticky.UseRedis(cluster);
        }

        var app = builder.Build();
        app.UseStickySessions();
        app.MapHealthChecks("/ready").DisableStickySession();
        app.MapPost("/visit", static (HttpContext context) => $"{Visit(context.Session)} {context.Session.Get(Data)!.Length}");
        app.MapGet("/look", static (HttpContext context) => $"{context.Session.GetInt32(Visits) ?? 0} {context.Session.Get(Data)?.Length ?? 0}");
        app.MapHub<VisitHub>("/hub");
        return app;
    }

    /// <summary>The client makes one visit at a time.</summary>
    private static int Visit(ISession session)
    {
        if (session.Get(Data) is null)
        {
            var data = new byte[ValueLength];
            Random.Shared.NextBytes(data);
            session.Set(Data, data);
        }

        var visits = (session.GetInt32(Visits) ?? 0) + 1;
        session.SetInt32(Visits, visits);
        return visits;
    }

    private sealed class VisitHub : Hub
    {
        public async Task<int> Visit()
        {
            var session = Context.GetHttpContext()!.Session;
            var visits = RollingServer.Visit(session);
            await session.CommitAsync();
            return visits;
        }
    }
}
