using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class StaticOwnershipDirectoryTests
{
    private static readonly Node Lower = Nodes.New(1);
    private static readonly Node Self = Nodes.New(2);
    private static readonly Node Higher = Nodes.New(3);
    private static readonly NodeTag Gone = new(99, 99);

    private readonly FakeTimeProvider _time = new();
    private readonly FakePeers _peers = new();
    private readonly FakeMembership _membership = new(Self, Lower, Higher);
    private readonly StickyPolicy _policy = new(StickyPolicy.DefaultName, new StickyPolicyOptions());
    private readonly HeldSessions _held;
    private readonly HoldsQuestionHandler _handler;
    private readonly StaticOwnershipDirectory _directory;
    private readonly SessionId _id = SessionId.New();

    public StaticOwnershipDirectoryTests()
    {
        var ended = new EndedSessions(_time);
        _held = new HeldSessions(_time);
        var holdings = new LocalHoldings(_held, ended);
        _handler = new HoldsQuestionHandler(holdings, _held);
        _directory = new StaticOwnershipDirectory(holdings, ended, new HolderSearch(_membership, _peers, _time), _membership);
    }

    [Fact]
    public async Task Read_WhenNobodyHoldsIt_IsNull()
    {
        Assert.Null(await ReadAsync());
        Assert.Equal(2, _peers.Asked);
    }

    [Fact]
    public async Task Read_WhenPeersHoldIt_IsTheHighestEpochThenTheLowerTag()
    {
        _peers.Answers(Lower, HoldsStatus.Held, 2).Answers(Higher, HoldsStatus.Held, 3);
        Assert.Equal(new OwnershipRecord(Higher.Tag, 3, Ended: false), await ReadAsync());

        _peers.Answers(Lower, HoldsStatus.Held, 3);
        Assert.Equal(new OwnershipRecord(Lower.Tag, 3, Ended: false), await ReadAsync());
    }

    [Theory]
    [InlineData(4u, 2u)]
    [InlineData(3u, 1u)]
    [InlineData(2u, 1u)]
    public async Task Read_WhenHeldHereAndThere_IsTheHigherEpochThenTheLowerTag(uint here, uint expectedOwner)
    {
        Hold(here);
        _peers.Answers(Lower, HoldsStatus.Held, 3);

        Assert.Equal(expectedOwner, (await ReadAsync())!.Value.Owner.Sequence);
    }

    [Fact]
    public async Task Read_WhenEndedAnywhere_IsEnded()
    {
        Hold(1);
        _peers.Answers(Lower, HoldsStatus.Held, 9).Answers(Higher, HoldsStatus.Ended, 2);

        Assert.Equal(new OwnershipRecord(default, 2, Ended: true), await ReadAsync());
    }

    [Fact]
    public async Task Claim_WhenNobodyHoldsIt_OwnsAtTheNextEpoch()
        => Assert.Equal(new ClaimResult(ClaimStatus.Owned, Self.Tag, 6), await ClaimAsync(seen: 5));

    [Fact]
    public async Task Claim_Again_GivesTheSameEpoch()
    {
        var first = await ClaimAsync(seen: 1);
        Hold(first.Epoch);

        Assert.Equal(first, await ClaimAsync(seen: 1));
    }

    [Fact]
    public async Task Claim_WhenAPeerHoldsItAtTheSeenEpochOrAbove_LearnsTheWinner()
    {
        _peers.Answers(Higher, HoldsStatus.Held, 5);

        Assert.Equal(new ClaimResult(ClaimStatus.OwnedByOther, Higher.Tag, 5), await ClaimAsync(seen: 5));
    }

    [Fact]
    public async Task Claim_WhenAPeerHoldsAStaleCopy_OwnsAboveIt()
    {
        _peers.Answers(Higher, HoldsStatus.Held, 4);

        Assert.Equal(new ClaimResult(ClaimStatus.Owned, Self.Tag, 6), await ClaimAsync(seen: 5));
    }

    [Theory]
    [InlineData(3u, 3u, true)]
    [InlineData(3u, 1u, false)]
    public async Task Claim_WhenBothHoldItAtOneEpoch_TheLowerTagWins(uint epoch, uint peer, bool owned)
    {
        var other = peer == 1 ? Lower : Higher;
        Hold(epoch);
        _peers.Answers(other, HoldsStatus.Held, epoch);

        Assert.Equal(owned ? ClaimStatus.Owned : ClaimStatus.OwnedByOther, (await ClaimAsync(seen: 2)).Status);
    }

    [Fact]
    public async Task Claim_OfASessionHeldUnderAFormerTag_RaisesItsEpochByOne()
    {
        Hold(1);

        Assert.Equal(new ClaimResult(ClaimStatus.Owned, Self.Tag, 2), await ClaimAsync(seen: 1));
    }

    [Fact]
    public async Task Claim_WithoutAMajority_IsUnavailableAndAsksNobody()
    {
        _membership.HasMajority = false;

        await Assert.ThrowsAsync<DirectoryUnavailableException>(async () => await ClaimAsync(seen: 1));
        Assert.Equal(0, _peers.Asked);
    }

    [Fact]
    public async Task Claim_WhenAPeerStaysSilent_WaitsOnlySoLong()
    {
        _peers.IsSilent(Lower).Answers(Higher, HoldsStatus.Held, 7);

        var claim = ClaimAsync(seen: 1);
        Assert.False(claim.IsCompleted);
        _time.Advance(HolderSearch.Timeout);

        Assert.Equal(new ClaimResult(ClaimStatus.OwnedByOther, Higher.Tag, 7), await claim);
    }

    [Fact]
    public async Task Claim_WhenTheCallerGivesUp_IsCancelled()
    {
        using var caller = new CancellationTokenSource();
        _peers.IsSilent(Lower);

        var claim = _directory.ClaimAsync(_id, Gone, 1, Self.Tag, caller.Token).AsTask();
        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => claim);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 1, 0, 0, 0 })]
    [InlineData(new byte[] { 3, 0, 0, 0, 9 })]
    public async Task Claim_WhenAPeerTalksNonsense_IgnoresIt(byte[] answer)
    {
        _peers.Answers(Lower, new PeerAnswer(PeerAnswerStatus.Answered, answer))
            .Answers(Higher, new PeerAnswer(PeerAnswerStatus.NotAuthenticated, default));

        Assert.Equal(ClaimStatus.Owned, (await ClaimAsync(seen: 1)).Status);
    }

    [Fact]
    public async Task End_FromThenOn_IsEndedForAll()
    {
        await _directory.EndAsync(_id, 1, _policy.AbsoluteTimeout, TestContext.Current.CancellationToken);

        Assert.Equal(new OwnershipRecord(default, 2, Ended: true), await ReadAsync());
        Assert.Equal(ClaimStatus.Ended, (await ClaimAsync(seen: 1)).Status);

        var answer = await _handler.AnswerAsync(HoldsQuestion.Ask(_id, seenEpoch: 0), TestContext.Current.CancellationToken);
        Assert.True(HoldsAnswer.TryRead(answer.Span, out var said));
        Assert.Equal(new HoldsAnswer(HoldsStatus.Ended, 2), said);
    }

    [Fact]
    public async Task Answer_ForSessionsHeldExpiredEndedAndUnknown_TellsThemApart()
    {
        Assert.Equal(default, await AskAsync());

        var held = Hold(4);
        Assert.Equal(new HoldsAnswer(HoldsStatus.Held, 4), await AskAsync());

        held.End();
        Assert.Equal(new HoldsAnswer(HoldsStatus.Ended, 4), await AskAsync());

        _time.Advance(_policy.IdleTimeout);
        _held.Expire(held, _time.GetTimestamp());
        Assert.Equal(default, await AskAsync());

        Assert.True((await _handler.AnswerAsync(new byte[3], TestContext.Current.CancellationToken)).IsEmpty);
    }

    private async Task<HoldsAnswer> AskAsync()
    {
        var content = await _handler.AnswerAsync(HoldsQuestion.Ask(_id, seenEpoch: 0), TestContext.Current.CancellationToken);
        Assert.True(HoldsAnswer.TryRead(content.Span, out var answer));
        return answer;
    }

    private HeldSession Hold(uint epoch)
    {
        Assert.Equal(EnterStatus.Entered, _held.Adopt(_id, epoch, _time.GetUtcNow(), _policy, out var held));
        _held.Exit(held!);
        return held!;
    }

    private async Task<OwnershipRecord?> ReadAsync() => await _directory.ReadAsync(_id, TestContext.Current.CancellationToken);

    private async Task<ClaimResult> ClaimAsync(uint seen)
        => await _directory.ClaimAsync(_id, Gone, seen, Self.Tag, TestContext.Current.CancellationToken);
}
