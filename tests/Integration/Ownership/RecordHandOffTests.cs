using StickySessions.Ownership;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>How an owner hands its session on, and how it finds out whether it is the owner still, on every server.</summary>
public abstract class RecordHandOffTests(IRedisServer server) : SessionRecordsTestBase(server)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task HandOff_GivesOwnerEpochAndStateInOneStep(bool hadARecord)
    {
        var claim = hadARecord ? await ClaimedByMeAsync() : SessionClaim.First;

        Assert.Equal(RecordStatus.Accepted, await HandOffAsync(claim, 4, "four"));
        Assert.Equal(RecordStatus.Accepted, await HandOffAsync(claim, 4, "four"));

        await AssertStoredAsync(Peer, claim.Epoch + 1, 4, "four");
        await AssertWholeLifetimeAsync();
        Assert.Equal(RecordStatus.Fenced, await WriteAsync(claim, 5, "five"));
        Assert.Equal(RecordStatus.Fenced, await ConfirmAsync(claim));

        // The next owner finds its claim in the record and goes on from there.
        var record = (await ReadAsync())!.Value;
        Assert.Equal(RecordStatus.Accepted, await WriteAsync(new SessionClaim(record.Epoch, record.Nonce), 5, "five", owner: Peer));
    }

    [Fact]
    public async Task HandOff_WithoutNewState_KeepsWhatIsStored()
    {
        var claim = await ClaimedByMeAsync();
        await WriteAsync(claim, 4, "four");

        await Records.HandOffAsync(Id, Me, claim, default, Always, Peer, NextNonce, Cancellation);

        await AssertStoredAsync(Peer, 3, 4, "four");
    }

    [Fact]
    public async Task HandOff_AfterAnotherClaimed_IsFenced()
    {
        var claim = await ClaimedByMeAsync();
        await ClaimAsync(Me, seen: 2, claimer: new NodeTag(12, 1));

        Assert.Equal(RecordStatus.Fenced, await HandOffAsync(claim, 4, "four"));
        Assert.Equal(new NodeTag(12, 1), (await ReadAsync())!.Value.Owner);
    }

    [Fact]
    public async Task HandOff_WithoutARecordAfterTheDeadline_IsTooLate()
    {
        Assert.Equal(RecordStatus.TooLate, await HandOffAsync(SessionClaim.First, 1, "one", Never));
        Assert.Null(await ReadAsync());
    }

    [Fact]
    public async Task Confirm_GivesTheRecordItsWholeLifetimeAgain()
    {
        var claim = await ClaimedByMeAsync();
        await Redis.Records.GetDatabase().KeyExpireAsync(Redis.SessionKey(Id.ToString()), TimeSpan.FromMinutes(1));

        Assert.Equal(RecordStatus.Accepted, await ConfirmAsync(claim));

        await AssertWholeLifetimeAsync();
    }

    [Fact]
    public async Task Confirm_OfAFirstOwner_NeedsNoRecord()
    {
        Assert.Equal(RecordStatus.Accepted, await ConfirmAsync(SessionClaim.First));
        Assert.Null(await ReadAsync());
    }

    [Fact]
    public async Task Confirm_OfALostRecord_PushesItAgain()
    {
        var claim = await ClaimedByMeAsync(above: 4);
        await LoseRecordAsync();

        Assert.Equal(RecordStatus.Accepted, await ConfirmAsync(claim));
        Assert.Equal(RecordStatus.Accepted, await ConfirmAsync(claim));

        var record = (await ReadAsync())!.Value;
        Assert.Equal((Me, 5u, claim.Nonce), (record.Owner, record.Epoch, record.Nonce));
        await AssertWholeLifetimeAsync();
    }

    [Fact]
    public async Task Confirm_OfARecordThatWentBackInTime_RaisesItAndKeepsTheState()
    {
        var mine = await ClaimedByMeAsync(above: 4);
        await LoseRecordAsync();
        await WriteAsync(SessionClaim.First, 3, "three", owner: Peer);

        Assert.Equal(RecordStatus.Accepted, await ConfirmAsync(mine));

        await AssertStoredAsync(Me, 5, 3, "three");
    }

    [Fact]
    public async Task Confirm_AfterAnotherClaimed_IsFencedAndNamesTheOwner()
    {
        await ClaimAsync(Me, seen: 1, claimer: Peer);

        Assert.Equal(
            new RecordAnswer(RecordStatus.Fenced, Peer, 2), await Records.ConfirmAsync(Id, Me, SessionClaim.First, Cancellation));
    }

    [Fact]
    public async Task WritesClaimsAndHandOffs_AtOnce_LeaveOneOwnerWhoseStateNobodyElseHasTouched()
    {
        // Three nodes fight for one session; each writes what it is sure to own, and hands it on now and then.
        NodeTag[] nodes = [Me, Peer, new(12, 1)];
        var accepted = await Task.WhenAll(nodes.Select(node => Task.Run(() => FightAsync(node, nodes), Cancellation)));

        // What was acknowledged in an epoch was written by that epoch's one owner, and nothing of it was lost.
        var all = accepted.SelectMany(writes => writes).ToArray();
        Assert.All(all.GroupBy(write => write.Epoch), epoch => Assert.Single(epoch.Select(write => write.Node).Distinct()));
        Assert.True(all.Select(write => write.Epoch).Distinct().Count() > 20, "the owner changed often");
        var last = all.MaxBy(write => write.Version);
        var stored = (await ReadAsync())!.Value.State;
        Assert.Equal((last.Version, $"{last.Node} {last.Version}"), (stored.Version, Text(stored)));
        Assert.Equal(all.Length, all.Select(write => write.Version).Distinct().Count());
    }

    private async Task<List<(NodeTag Node, uint Epoch, long Version)>> FightAsync(NodeTag node, NodeTag[] nodes)
    {
        var accepted = new List<(NodeTag, uint, long)>();
        for (var round = 0; round < 60; round++)
        {
            var known = await ReadAsync();
            var won = await ClaimAsync(known?.Owner ?? Gone, known?.Epoch ?? 1, node);
            if (won.Status != ClaimStatus.Owned)
            {
                continue;
            }

            var (claim, version) = (new SessionClaim(won.Epoch, won.Nonce), won.State.Version);
            for (var write = 0; write < 3; write++)
            {
                version++;
                if (await WriteAsync(claim, version, $"{node} {version}", owner: node) == RecordStatus.Accepted)
                {
                    accepted.Add((node, claim.Epoch, version));
                }
            }

            if (round % 5 == 0)
            {
                var next = nodes[(Array.IndexOf(nodes, node) + 1) % nodes.Length];
                await Records.HandOffAsync(Id, node, claim, default, Always, next, claim.Nonce + 1, Cancellation);
            }
        }

        return accepted;
    }
}

public sealed class RecordHandOffOnGarnetTests(GarnetServerFixture server) : RecordHandOffTests(server);

public sealed class RecordHandOffOnRedisTests(RedisServerFixture server) : RecordHandOffTests(server);

public sealed class RecordHandOffOnRedisClusterTests(RedisClusterFixture server) : RecordHandOffTests(server);

public sealed class RecordHandOffBehindSentinelTests(SentinelFixture server) : RecordHandOffTests(server);
