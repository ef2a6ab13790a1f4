using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Benchmarks.Scale;

/// <summary>One node of a cluster in Redis, in a process of its own: it answers with its name, and makes tokens of sessions by the thousand.</summary>
internal static class ScaleNode
{
    public const string Command = "node";

    public static async Task RunAsync(string name, string port, string redis, string expireOnRefused)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture), listen => listen.Protocols = HttpProtocols.Http1));
        builder.Services.AddStickySessions()
            .ConfigureNode(node => node.Name = name)
            .ConfigureInterconnect(interconnect => interconnect.Url = "http://127.0.0.1:0")
            .UseRedis(redis)
            .UseRedis(cluster => cluster.ExpireOnRefused = bool.Parse(expireOnRefused));
        var app = builder.Build();
        app.UseStickySessions();
        app.MapGet("/", (HttpContext context) => WriteAsync(context, name));

        // Tokens of sessions that this node is said to own: who asks for one after this node has died finds an orphan.
        app.MapGet("/tokens/{count:int}", (int count, TokenProtector tokens, PolicyResolver policies, IClusterMembership membership) => string.Join(
                '\n',
                Enumerable.Range(0, count).Select(_ => tokens.Protect(
                    new StickyToken(SessionId.New(), membership.Self.Tag, Epoch: 1, Created: DateTimeOffset.UtcNow, Issued: DateTimeOffset.UtcNow), policies.Default.Name))))
            .DisableStickySession();
        app.MapGet("/view", (IClusterMembership membership) => string.Join(' ', membership.View.Nodes.Where(node => node.State == NodeState.Active).Select(node => node.Name)))
            .DisableStickySession();
        app.MapGet("/held", (HeldSessions held) => held.Count.ToString(CultureInfo.InvariantCulture)).DisableStickySession();
        await app.RunAsync();
    }

    private static Task WriteAsync(HttpContext context, string name)
    {
        context.Response.ContentLength = name.Length;
        return context.Response.WriteAsync(name);
    }
}
