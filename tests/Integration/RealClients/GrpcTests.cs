using Grpc.Core;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>
/// Grpc.Net.Client with each kind of call. Clients of gRPC keep no cookies unless their handler does; here it does. Behind the balancer of
/// connections a session's calls take turns on several, behind that of requests one is enough.
/// </summary>
[Collection(nameof(RealClientTests))]
public sealed class GrpcTests(SharedClientApps apps)
{
    private const int Sessions = 4;
    private const int Rounds = 40;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task EachKindOfCall_BehindABalancerThatSprays_AddsToOneSum(Spraying spraying)
    {
        var address = await (await apps.StickyAsync()).Http2AddressAsync(spraying);
        await Task.WhenAll(Enumerable.Range(0, Sessions).Select(_ => AddInEachWayAsync(address)));
    }

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task EachKindOfCall_WithoutStickySessions_FindsAnotherSum(Spraying spraying)
    {
        using var tally = new TallyClient(await (await apps.UnstickyAsync()).Http2AddressAsync(spraying));
        Assert.Equal(1, await tally.AddAsync(1));
        Assert.NotEqual(2, await tally.AddAsync(1));
        Assert.NotEqual([3, 4], await tally.AddOnesAsync(2));
    }

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task Deadline_OfACallThatTakesLonger_EndsItAtTheOwner(Spraying spraying)
    {
        using var tally = new TallyClient(await (await apps.StickyAsync()).Http2AddressAsync(spraying));
        await tally.AddAsync(1);

        // Each enters at another node.
        for (var waits = 1; waits <= 3; waits++)
        {
            var ended = await Assert.ThrowsAsync<RpcException>(() => tally.WaitAsync(TimeSpan.FromMilliseconds(200), Cancellation));
            Assert.Equal(StatusCode.DeadlineExceeded, ended.StatusCode);
            await Eventually.Async(async () => await tally.AbandonedAsync() == waits, $"the owner has ended {waits} waits");
        }
    }

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task Cancellation_OfACallThatRuns_EndsItAtTheOwner(Spraying spraying)
    {
        using var tally = new TallyClient(await (await apps.StickyAsync()).Http2AddressAsync(spraying));
        await tally.AddAsync(1);

        for (var waits = 1; waits <= 3; waits++)
        {
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            var wait = tally.WaitAsync(deadline: null, cancellation.Token);
            await Eventually.Async(async () => await tally.WaitingAsync() == 1, "the call runs");
            await cancellation.CancelAsync();

            Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => wait)).StatusCode);
            await Eventually.Async(async () => await tally.AbandonedAsync() == waits, $"the owner has ended {waits} waits");
        }
    }

    private static async Task AddInEachWayAsync(Uri address)
    {
        using var tally = new TallyClient(address);
        var sum = 0;
        for (var round = 0; round < Rounds; round++)
        {
            Assert.Equal(sum += 1, await tally.AddAsync(1));
            Assert.Equal(sum += 6, await tally.AddAllAsync(1, 2, 3));
            Assert.Equal([++sum, ++sum, ++sum], await tally.AddOnesAsync(3));
            Assert.Equal([sum += 5, sum += 6, sum += 7], await tally.AddEachAsync(5, 6, 7));
        }
    }
}
