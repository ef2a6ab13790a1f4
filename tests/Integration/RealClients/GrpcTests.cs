using Grpc.Core;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>
/// Grpc.Net.Client with each kind of call, bound by a cookie, and by a header that the application itself asks for. A session's calls take
/// turns on several connections.
/// </summary>
[Collection(nameof(RealClientTests))]
public sealed class GrpcTests(SharedClientApps apps)
{
    private const int Sessions = 4;
    private const int Rounds = 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Spraying.Connections, true)]
    [InlineData(Spraying.Connections, false)]
    [InlineData(Spraying.Requests, true)]
    [InlineData(Spraying.Requests, false)]
    public async Task EachKindOfCall_BehindABalancerThatSprays_AddsToOneSum(Spraying spraying, bool byCookie)
    {
        var address = await AddressAsync(spraying, byCookie);
        await Task.WhenAll(Enumerable.Range(0, Sessions).Select(_ => AddInEachWayAsync(address, byCookie)));
    }

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task EachKindOfCall_WithoutStickySessions_FindsAnotherSum(Spraying spraying)
    {
        using var tally = new TallyClient(await (await apps.UnstickyAsync()).Http2AddressAsync(spraying), keepsCookies: true);
        Assert.Equal(1, await tally.AddAsync(1));
        Assert.NotEqual(2, await tally.AddAsync(1));
        Assert.NotEqual([3, 4], await tally.AddOnesAsync(2));
    }

    [Theory]
    [InlineData(Spraying.Connections, true)]
    [InlineData(Spraying.Connections, false)]
    [InlineData(Spraying.Requests, true)]
    [InlineData(Spraying.Requests, false)]
    public async Task Deadline_OfACallThatTakesLonger_EndsItAtTheOwner(Spraying spraying, bool byCookie)
    {
        using var tally = new TallyClient(await AddressAsync(spraying, byCookie), byCookie);
        await tally.AddAsync(1);

        // On a busy machine a call may not get there in time, which ends none.
        await Eventually.Async(
            async () =>
            {
                var ended = await Assert.ThrowsAsync<RpcException>(() => tally.WaitAsync(TimeSpan.FromMilliseconds(200), Cancellation));
                Assert.Equal(StatusCode.DeadlineExceeded, ended.StatusCode);
                return await tally.AbandonedAsync() >= 3;
            },
            "the owner has ended three calls");
        await Eventually.Async(async () => await tally.WaitingAsync() == 0, "the owner has ended all");
    }

    [Theory]
    [InlineData(Spraying.Connections, true)]
    [InlineData(Spraying.Connections, false)]
    [InlineData(Spraying.Requests, true)]
    [InlineData(Spraying.Requests, false)]
    public async Task Cancellation_OfACallThatRuns_EndsItAtTheOwner(Spraying spraying, bool byCookie)
    {
        using var tally = new TallyClient(await AddressAsync(spraying, byCookie), byCookie);
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

    private static async Task AddInEachWayAsync(Uri address, bool byCookie)
    {
        using var tally = new TallyClient(address, byCookie);
        var sum = 0;
        for (var round = 0; round < Rounds; round++)
        {
            Assert.Equal(sum += 1, await tally.AddAsync(1));
            Assert.Equal(sum += 6, await tally.AddAllAsync(1, 2, 3));
            Assert.Equal([++sum, ++sum, ++sum], await tally.AddOnesAsync(3));
            Assert.Equal([sum += 5, sum += 6, sum += 7], await tally.AddEachAsync(5, 6, 7));
        }
    }

    private async Task<Uri> AddressAsync(Spraying spraying, bool byCookie)
        => await (await (byCookie ? apps.StickyAsync() : apps.StickyByHeadersAsync())).Http2AddressAsync(spraying);
}
