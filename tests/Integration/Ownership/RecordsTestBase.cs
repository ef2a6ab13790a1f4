using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Redis;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>The directory of this node on a real server, and one session that only this test knows.</summary>
public abstract class RecordsTestBase(IRedisServer server) : IAsyncLifetime
{
    private static readonly TimeSpan LongestIdleTimeout = TimeSpan.FromHours(5);

    private protected static readonly NodeTag Gone = new(3, 0xdead);
    private protected static readonly NodeTag Me = OtherNodes.Me;
    private protected static readonly NodeTag Peer = OtherNodes.Peer;

    // Records do not say of which policy their session is, so they live as long as the longest wants.
    private readonly ServiceProvider _policies = new ServiceCollection()
        .AddPolicies()
        .AddPolicy("long", policy => policy.IdleTimeout = LongestIdleTimeout)
        .BuildServiceProvider();

    private protected SessionId Id { get; } = SessionId.New();

    private protected OtherNodes Nodes { get; } = new();

    private protected StoreDoubt Doubt { get; } = new(Options.Create(new StickyRedisOptions()), TimeProvider.System);

    private protected TestConnections Redis { get; private set; } = null!;

    private protected RedisOwnershipDirectory Records { get; private set; } = null!;

    protected TimeSpan Lifetime => LongestIdleTimeout + RedisOwnershipDirectory.RecordMargin;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Redis = await TestConnections.ConnectAsync(await server.ConfigurationAsync());
        Records = Directory(Redis);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _policies.DisposeAsync();
        if (Redis is not null)
        {
            await Redis.DisposeAsync();
        }
    }

    private protected RedisOwnershipDirectory Directory(TestConnections connections) => new(
        connections,
        new HolderSearch(Nodes, Nodes, TimeProvider.System),
        new EndedSessions(TimeProvider.System),
        new ExpiredSessions(new HeldSessions(TimeProvider.System)),
        Doubt,
        new StoreCheck(Nodes, Doubt, TimeProvider.System),
        _policies.GetRequiredService<PolicyResolver>());

    private protected static ClaimResult Owned(uint epoch) => new(ClaimStatus.Owned, Me, epoch);

    private protected async Task<OwnershipRecord?> ReadAsync() => await Records.ReadAsync(Id, Cancellation);

    /// <summary>What the record says of the owner, and nothing else.</summary>
    private protected async Task<OwnershipRecord?> OwnerAsync()
        => await ReadAsync() is { } record ? new OwnershipRecord(record.Owner, record.Epoch, record.Ended) : null;

    private protected async Task EndAsync(uint epoch, TimeSpan keepFor) => await Records.EndAsync(Id, epoch, keepFor, Cancellation);

    private protected async Task<ClaimResult> ClaimAsync(NodeTag expected, uint seen, NodeTag? claimer = null)
        => await Records.ClaimAsync(Id, expected, seen, claimer ?? Me, Cancellation);

    /// <summary>Claims, and gives who won and nothing else.</summary>
    private protected async Task<ClaimResult> ClaimedAsync(NodeTag expected, uint seen, NodeTag? claimer = null)
    {
        var result = await ClaimAsync(expected, seen, claimer);
        return new ClaimResult(result.Status, result.Owner, result.Epoch);
    }

    /// <summary>What a flush, or a failover to a replica that never had it, does to the record.</summary>
    private protected Task LoseRecordAsync() => Redis.Records.GetDatabase().KeyDeleteAsync(Redis.SessionKey(Id.ToString()));
}
