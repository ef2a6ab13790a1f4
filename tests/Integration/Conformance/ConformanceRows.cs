using StickySessions.Tests.Integration.Conformance.Application;
using StickySessions.Tests.Integration.Conformance.Clients;
using StickySessions.Tests.Integration.Conformance.Comparing;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance;

/// <summary>
/// Each row is one exchange that a client has twice: with the owner itself, and through another node. The application must have
/// seen the same request, and the client the same answer.
/// </summary>
public abstract class ConformanceRows(ConformanceClusters clusters, GarnetServerFixture garnet)
{
    /// <summary>An exchange that hangs fails; it must not take the whole run with it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private protected virtual Pipeline Pipeline => Pipeline.Plain;

    /// <summary>Added to the request that starts the session.</summary>
    private protected virtual void PrepareSession(HttpRequestMessage request) => request.Headers.Host = Pipelines.Host;

    /// <param name="transport">How the second exchange reaches the owner.</param>
    /// <param name="exchange">What the client does and what it sees.</param>
    /// <param name="seen">Whether the application sees the request at all; servers refuse some before that.</param>
    /// <param name="patience">How long one exchange may take; half a minute unless told.</param>
    /// <returns>The direct answer, for what a row wants to be sure of beyond sameness.</returns>
    private protected async Task<Fields> SameAsDirectAsync(
        Transport transport, Func<Route, Task<Fields>> exchange, bool seen = true, TimeSpan? patience = null)
    {
        var cluster = await clusters.GetAsync(transport, Pipeline, garnet);
        var owner = cluster.Nodes[0];
        var session = await owner.StartSessionAsync(PrepareSession);
        var limit = patience ?? Patience;

        var (directRequest, directAnswer) = await RunAsync(new Route(owner, session, cluster.Recorder), owner, exchange, seen, limit);
        var (request, answer) = await RunAsync(new Route(Ingress(cluster, transport), session, cluster.Recorder), owner, exchange, seen, limit);

        var differences = Difference.Between(Side.Request, directRequest, request)
            .Concat(Difference.Between(Side.Answer, directAnswer, answer))
            .Where(difference => !AllowedDifferences.Cover(difference, transport))
            .ToArray();
        Assert.True(differences.Length == 0, string.Join('\n', differences.Prepend((object)$"Over {transport} these differ:")));
        return directAnswer;
    }

    /// <summary>For what is documented to be another answer than the direct one: only what the client sees through the other node.</summary>
    private protected async Task<Fields> ForwardedAsync(Transport transport, Func<Route, Task<Fields>> exchange)
    {
        var cluster = await clusters.GetAsync(transport, Pipeline, garnet);
        var session = await cluster.Nodes[0].StartSessionAsync(PrepareSession);
        return await exchange(new Route(Ingress(cluster, transport), session, cluster.Recorder))
            .WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    private static StickyTestNode Ingress(ConformanceCluster cluster, Transport transport)
        => cluster.Nodes[transport is Transport.Direct ? 0 : 1];

    private static async Task<(Fields Request, Fields Answer)> RunAsync(
        Route route, StickyTestNode owner, Func<Route, Task<Fields>> exchange, bool seen, TimeSpan patience)
    {
        var answer = await exchange(route).WaitAsync(patience, TestContext.Current.CancellationToken);
        Assert.Equal(seen, route.Recorded.Requests.Count > 0);
        Assert.All(route.Recorded.Requests, request => Assert.Equal(owner.Name, request.ServedBy));
        return (route.SeenByApplication(), answer);
    }
}
