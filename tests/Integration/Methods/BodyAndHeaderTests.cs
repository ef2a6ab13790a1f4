using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>Protocols that give their session out in the body of an answer, or in a header of it.</summary>
public sealed class BodyAndHeaderTests(GarnetServerFixture garnet)
{
    private const string Header = "Mcp-Session-Id";
    private const string Revision = "MCP-Protocol-Version";

    private readonly TaskCompletionSource _streamMayEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task EngineIO_SidOfTheFirstAnswer_IsEnough()
    {
        await using var cluster = await StartAsync(StickyPreset.EngineIO);
        var begun = await cluster.GetAsync(0, "/io?EIO=4&transport=polling");
        var sid = begun.Body.Split('"')[3];

        for (var i = 0; i < 12; i++)
        {
            var answer = await cluster.GetAsync(i % 3, $"/io?EIO=4&transport=polling&sid={sid}");
            Assert.Equal((HttpStatusCode.OK, begun.Owner), (answer.Status, answer.Owner));
        }
    }

    [Fact]
    public async Task EngineIO_SidInABodyThatStreamsOn_IsBoundBeforeTheBodyEnds()
    {
        await using var cluster = await StartAsync(StickyPreset.EngineIO);
        using var streaming = await cluster.BeginAsync(1, "/stream");
        await using var body = await streaming.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var beginning = new byte[200];
        await body.ReadExactlyAsync(beginning, TestContext.Current.CancellationToken);
        var sid = Encoding.UTF8.GetString(beginning).Split('"')[3];

        for (var node = 0; node < 3; node++)
        {
            var answer = await cluster.GetAsync(node, $"/io?sid={sid}");
            Assert.Equal((HttpStatusCode.OK, "node-2"), (answer.Status, answer.Owner));
        }

        _streamMayEnd.SetResult();
        var rest = new MemoryStream();
        await body.CopyToAsync(rest, TestContext.Current.CancellationToken);
        Assert.Equal(Piece.Length * 100, beginning.Length + rest.Length);
    }

    [Fact]
    public async Task Mcp_HeaderIsEnough_AndDeleteEndsTheSession()
    {
        await using var cluster = await StartAsync(StickyPreset.Mcp);
        var begun = await cluster.PostAsync(0, "/mcp");
        var token = begun.Header(Header);
        Assert.Contains('~', token);
        for (var node = 0; node < 3; node++)
        {
            var answer = await cluster.PostAsync(node, "/mcp", (Header, token));
            Assert.Equal((HttpStatusCode.OK, token.Split('~')[0], begun.Session), (answer.Status, answer.Body, answer.Session));
        }

        var mcp = new Uri(cluster.Nodes[1].Http, "/mcp");
        Assert.Equal(HttpStatusCode.NotFound, (await cluster.SendAsync(HttpMethod.Delete, new Uri(cluster.Nodes[1].Http, "/mcp?fail"), (Header, token))).Status);
        Assert.Equal(begun.Session, (await cluster.PostAsync(2, "/mcp", (Header, token))).Session);

        Assert.Equal(HttpStatusCode.NoContent, (await cluster.SendAsync(HttpMethod.Delete, mcp, (Header, token))).Status);
        for (var node = 0; node < 3; node++)
        {
            var after = await cluster.PostAsync(node, "/mcp", (Header, token));
            Assert.Equal(HttpStatusCode.NotFound, after.Status);
            Assert.NotEqual(begun.Session, after.Session);
        }
    }

    [Fact]
    public async Task Mcp_OfALaterRevision_IsNotBoundByTheHeader()
    {
        await using var cluster = await StartAsync(StickyPreset.Mcp);
        var token = (await cluster.PostAsync(0, "/mcp")).Header(Header);

        for (var node = 0; node < 3; node++)
        {
            Assert.Equal($"node-{node + 1}", (await cluster.PostAsync(node, "/mcp", (Header, token), (Revision, "2026-06-18"))).Owner);
            Assert.Equal("node-1", (await cluster.PostAsync(node, "/mcp", (Header, token), (Revision, "2025-11-25"))).Owner);
        }
    }

    private static byte[] Piece { get; } = new byte[64 * 1024];

    private Task<ProbedCluster> StartAsync(StickyPreset preset) => ProbedCluster.StartAsync(garnet, policy => policy.Apply(preset), Map);

    private void Map(WebApplication app)
    {
        var known = new ConcurrentDictionary<string, bool>();
        app.MapGet("/io", (string? sid) =>
        {
            if (sid is not null)
            {
                return known.ContainsKey(sid) ? Results.Text("4hello") : Results.BadRequest();
            }

            sid = New(known);
            return Results.Text($"0{{\"sid\":\"{sid}\",\"upgrades\":[]}}");
        });
        app.MapGet("/stream", async (HttpContext context) =>
        {
            var first = (byte[])Piece.Clone();
            Encoding.UTF8.GetBytes($"0{{\"sid\":\"{New(known)}\"}}").CopyTo(first, 0);
            for (var i = 0; i < 100; i++)
            {
                await context.Response.Body.WriteAsync(i == 0 ? first : Piece, context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await (i == 0 ? _streamMayEnd.Task : Task.CompletedTask);
            }
        });
        app.MapPost("/mcp", (HttpContext context) =>
        {
            var id = context.Request.Headers[Header].ToString();
            if (id.Length > 0)
            {
                return known.ContainsKey(id) ? Results.Text(id) : Results.NotFound();
            }

            context.Response.Headers[Header] = New(known);
            return Results.Ok();
        });
        app.MapDelete("/mcp", (HttpContext context, string? fail) =>
            fail is null && known.TryRemove(context.Request.Headers[Header].ToString(), out _) ? Results.NoContent() : Results.NotFound());
    }

    private static string New(ConcurrentDictionary<string, bool> known)
    {
        var id = Guid.NewGuid().ToString("N");
        known[id] = true;
        return id;
    }
}
