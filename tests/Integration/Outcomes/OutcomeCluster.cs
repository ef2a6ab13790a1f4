using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.Outcomes;

/// <summary>Three nodes that show outcomes wherever they can, and what is seen of them.</summary>
internal sealed class OutcomeCluster : IAsyncDisposable
{
    private readonly PlacementCluster _cluster;
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false });
    private readonly List<OpenedScopes> _scopes = [];
    private readonly TaggedActivities _activities;
    private CountedOutcomes[] _counted = [];

    private OutcomeCluster(string redis, Action<IStickySessionsBuilder> configure)
    {
        var prefix = $"n{Guid.NewGuid():N}"[..9];
        Names = [$"{prefix}-1", $"{prefix}-2", $"{prefix}-3"];
        _activities = new TaggedActivities(Names);
        _cluster = new PlacementCluster(redis)
        {
            Configure = sticky =>
            {
                var scopes = new OpenedScopes();
                _scopes.Add(scopes);
                sticky.Services.AddLogging(logging => logging.AddProvider(scopes));
                sticky.ConfigureDiagnostics(diagnostics => (diagnostics.LogScope, diagnostics.ResponseHeader) = (true, true));
                configure(sticky);
            },
            Map = Map,
        };
    }

    public string[] Names { get; }

    public PlacementNode[] Nodes { get; private set; } = [];

    /// <summary>Lets the requests of <c>/wait</c> end.</summary>
    public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How many requests of <c>/wait</c> run.</summary>
    public int Waiting { get; private set; }

    public static async Task<OutcomeCluster> StartAsync(IRedisServer redis, Action<IStickySessionsBuilder>? configure = null)
    {
        var cluster = new OutcomeCluster(await redis.ConfigurationAsync(), configure ?? (_ => { }));
        try
        {
            cluster.Nodes = await cluster._cluster.StartAsync(cluster.Names);
            cluster._counted = [.. cluster.Nodes.Select(node => new CountedOutcomes(node.Services))];
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Release.TrySetResult();
        _client.Dispose();
        _activities.Dispose();
        foreach (var counted in _counted)
        {
            counted.Dispose();
        }

        await _cluster.DisposeAsync();
    }

    /// <summary>Counts from now on.</summary>
    public async Task ForgetAsync(int node, params string[] sofar)
    {
        await _counted[node].UntilAsync(sofar);
        _counted[node].Dispose();
        _counted[node] = new CountedOutcomes(Nodes[node].Services);
    }

    /// <summary>Starts a session and says what the client sends from then on.</summary>
    public async Task<string> StartSessionAsync(int node)
    {
        var cookie = (await SendAsync(node)).Cookie!;
        await ForgetAsync(node, "new");
        return cookie;
    }

    public async Task<Told> SendAsync(int node, string path = "/", string? cookie = null, HttpMethod? method = null, CancellationTokenSource? leaving = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, new Uri(Nodes[node].Address, path));
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
        }

        if (method == HttpMethod.Options)
        {
            request.Headers.Add("Origin", "https://other.test");
            request.Headers.Add("Access-Control-Request-Method", "POST");
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(leaving?.Token ?? default, TestContext.Current.CancellationToken);
        using var answer = await _client.SendAsync(request, either.Token);
        return new Told(answer.StatusCode, One(answer.Headers, "Sticky-Outcome"), One(answer.Headers, "Set-Cookie")?.Split(';')[0]);
    }

    /// <summary>Waits until these were counted at a node since the last look, and no other.</summary>
    public Task CountsAsync(int node, params string[] outcomes) => _counted[node].UntilAsync(outcomes);

    /// <summary>What a node counted since the last look.</summary>
    public string[] Counted(int node) => _counted[node].All;

    /// <summary>The tags of an activity with this outcome, which is one of a request to this cluster.</summary>
    public Task<IReadOnlyDictionary<string, object?>> ActivityAsync(string outcome) => _activities.UntilAsync(outcome);

    /// <summary>The values of a scope with this outcome that the node opened.</summary>
    public IReadOnlyDictionary<string, object?> Scope(int node, string outcome)
        => _scopes[node].Of(outcome) ?? throw new InvalidOperationException($"No scope of node {node} says {outcome}.");

    /// <summary>The header, the activity and the scope of the node that received a request say the same.</summary>
    /// <param name="ingress">The node.</param>
    /// <param name="told">What the client got.</param>
    /// <param name="outcome">What became of the request.</param>
    /// <param name="owner">The owner, if it is known.</param>
    /// <param name="epoch">The session's epoch, if it is known.</param>
    /// <param name="reason">The reason, if it is an error.</param>
    /// <param name="hasPolicy">Whether a policy applies.</param>
    public async Task ShownAsync(
        int ingress, Told told, string outcome, int? owner = null, int? epoch = null, string? reason = null, bool hasPolicy = true)
    {
        var (ingressName, ownerName, policy) = (Names[ingress], owner is { } index ? Names[index] : null, hasPolicy ? "default" : null);
        Assert.Equal(
            outcome + Parameter("reason", reason) + Parameter("ingress", ingressName) + Parameter("owner", ownerName)
                + Parameter("epoch", epoch) + Parameter("policy", policy),
            told.Outcome);

        var tags = await ActivityAsync(outcome);
        var scope = Scope(ingress, outcome);
        foreach (var (name, value) in new[] { ("Ingress", ingressName), ("Owner", ownerName), ("Policy", policy), ("Reason", reason) })
        {
            Assert.Equal(value, tags.GetValueOrDefault($"stickysessions.{name.ToLowerInvariant()}"));
            Assert.Equal(value, scope.GetValueOrDefault($"Sticky{name}"));
        }

        Assert.Equal((long?)epoch, tags.GetValueOrDefault("stickysessions.epoch"));
        if (owner is not null && reason is null)
        {
            Assert.Equal(22, Assert.IsType<string>(scope["StickySession"]).Length);
            Assert.Equal(scope["StickySession"], tags["stickysessions.session"]);
        }
    }

    private static string Parameter(string name, object? value) => value is null ? "" : $"; {name}={value}";

    private static string? One(HttpResponseHeaders headers, string name) => headers.TryGetValues(name, out var values) ? values.Single() : null;

    private void Map(WebApplication app)
    {
        app.MapGet("/plain", () => "plain").DisableStickySession();
        app.MapMethods("/any", ["OPTIONS", "POST"], () => "any");
        app.MapGet("/end", (HttpContext context) => context.Features.Get<IStickySessionFeature>()!.End());
        app.MapGet("/throw", string () => throw new InvalidTimeZoneException("The application's own."));
        app.MapGet("/wait", async (HttpContext context) =>
        {
            Waiting++;
            await Release.Task.WaitAsync(context.RequestAborted);
        });
        app.MapGet("/lapse", (IClusterMembership membership) =>
        {
            membership.Lease.Expire();
            return "too late";
        });
    }
}

/// <summary>What a client was told.</summary>
internal sealed record Told(HttpStatusCode Status, string? Outcome, string? Cookie);
