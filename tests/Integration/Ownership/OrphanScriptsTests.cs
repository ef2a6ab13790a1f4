using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Redis;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>What the orphans of a node that died cost a real Redis, as it counts itself.</summary>
public sealed class OrphanScriptsTests
{
    private const int Orphans = 1_000;
    private const int RequestsForEach = 3;

    private static readonly NodeTag Dead = new(1, 1);
    private static readonly NodeTag Self = new(2, 2);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OrphansThatAreAskedFor_TakeOneScriptEachAndTheOthersNone()
    {
        await using var server = await RedisServerProcess.StartOrSkipAsync();
        await using var connections = await TestConnections.ConnectAsync(server.Configuration);
        await using var policies = new ServiceCollection().AddPolicies().BuildServiceProvider();
        var nodes = new OtherNodes();
        var doubt = new StoreDoubt(Options.Create(new StickyRedisOptions()), TimeProvider.System);
        var directory = new RedisOwnershipDirectory(
            connections,
            new HolderSearch(nodes, nodes, TimeProvider.System),
            new EndedSessions(TimeProvider.System),
            new ExpiredSessions(new HeldSessions(TimeProvider.System)),
            doubt,
            new StoreCheck(nodes, doubt, TimeProvider.System),
            policies.GetRequiredService<PolicyResolver>());
        var claims = new ClaimCoordinator(directory, NodeLease.Unlimited, new FakeTimeProvider(), NullLogger<ClaimCoordinator>.Instance);
        var orphans = Enumerable.Range(0, Orphans).Select(_ => SessionId.New()).ToArray();

        await using var counter = await ScriptCounter.ConnectAsync(server);
        var before = await counter.ReadAsync();
        var results = await Task.WhenAll(orphans.SelectMany(orphan => Enumerable.Range(0, RequestsForEach)
            .Select(_ => Task.Run(() => claims.ClaimAsync(orphan, Dead, 1, Self, default, Cancellation)))));
        var ran = await counter.ReadAsync() - before;

        Assert.All(results, result => Assert.Equal(ClaimStatus.Owned, result.Status));
        Assert.InRange(ran.Scripts + nodes.Refreshes, Orphans + 1, (int)(1.1 * Orphans));
    }
}
