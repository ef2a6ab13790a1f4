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

    /// <summary>For rows that are known to fail, some of them by hanging.</summary>
    private static readonly TimeSpan ImpatienceWithGaps = TimeSpan.FromSeconds(6);

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
        if (KnownGaps.Find(transport, TestContext.Current.Test!.TestDisplayName) is { } reason)
        {
            await Assert.ThrowsAnyAsync<Exception>(() => CompareAsync(transport, exchange, seen, ImpatienceWithGaps));
            Assert.Skip(reason);
        }

        return await CompareAsync(transport, exchange, seen, patience ?? Patience);
    }

    private static async Task<(Fields Request, Fields Answer)> RunAsync(
        Route route, StickyTestNode owner, Func<Route, Task<Fields>> exchange, bool seen, TimeSpan patience)
    {
        var answer = await exchange(route).WaitAsync(patience, TestContext.Current.CancellationToken);
        Assert.Equal(seen, route.Recorded.Requests.Count > 0);
        Assert.All(route.Recorded.Requests, request => Assert.Equal(owner.Name, request.ServedBy));
        return (route.SeenByApplication(), answer);
    }

    private async Task<Fields> CompareAsync(Transport transport, Func<Route, Task<Fields>> exchange, bool seen, TimeSpan patience)
    {
        var cluster = await clusters.GetAsync(transport, Pipeline, garnet);
        var owner = cluster.Nodes[0];
        var ingress = transport is Transport.Direct ? owner : cluster.Nodes[1];
        var session = await owner.StartSessionAsync(PrepareSession);

        var (directRequest, directAnswer) = await RunAsync(new Route(owner, session, cluster.Recorder), owner, exchange, seen, patience);
        var (request, answer) = await RunAsync(new Route(ingress, session, cluster.Recorder), owner, exchange, seen, patience);

        var differences = Difference.Between(Side.Request, directRequest, request)
            .Concat(Difference.Between(Side.Answer, directAnswer, answer))
            .Where(difference => !AllowedDifferences.Cover(difference, transport))
            .ToArray();
        Assert.True(differences.Length == 0, string.Join('\n', differences.Prepend((object)$"Over {transport} these differ:")));
        return directAnswer;
    }
}
