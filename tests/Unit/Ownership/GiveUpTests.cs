using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

/// <summary>Both sides of the question by which a claimer asks an owner that was declared gone.</summary>
public sealed class GiveUpTests : IPeerClient, IDisposable
{
    private static readonly NodeTag Former = new(1, 1);

    private readonly FakeTimeProvider _time = new();
    private readonly Node _owner = Nodes.New(7, "web-1") with { FormerTags = [Former] };
    private readonly Node _claimer = Nodes.New(8, "web-2");
    private readonly SessionId _id = SessionId.New();
    private readonly NodeLease _lease;
    private readonly HeldSessions _held;
    private readonly PeerLeases _peerLeases;
    private readonly GiveUpQuestionHandler _handler;
    private PeerAnswerStatus _fails = PeerAnswerStatus.Answered;
    private bool _isSilent;
    private Task _answersAfter = Task.CompletedTask;
    private int _asked;

    public GiveUpTests()
    {
        _lease = new NodeLease(TimeSpan.FromSeconds(5), _time);
        _held = new HeldSessions(_time, _lease);
        var membership = new FakeMembership(_owner, _claimer) { Lease = _lease };
        _peerLeases = new PeerLeases(membership, this, Options.Create(new StickyRedisOptions()), _time);
        _handler = new GiveUpQuestionHandler(_held, membership, _peerLeases, NullLogger<GiveUpQuestionHandler>.Instance);
    }

    public void Dispose() => _lease.Dispose();

    [Fact]
    public async Task HeldUnderThePresentTag_IsGivenUpMemoryIncluded()
    {
        var session = Hold(epoch: 3);

        Assert.Equal([1], await AskOwnerAsync(_owner.Tag));
        Assert.True(session.IsLost);
        Assert.Equal(0, _held.Count);
        Assert.Equal([0], await AskOwnerAsync(_owner.Tag));
    }

    [Fact]
    public async Task AskedForItsPresentTag_KnowsThatAPeerHoldsALease()
    {
        await AskOwnerAsync(_owner.Tag);

        Assert.True(await _peerLeases.MayAnyClaimAsync());
        Assert.Equal(0, _asked);
    }

    [Fact]
    public async Task HeldUnderAFormerTag_IsGivenUp()
    {
        var session = Hold(epoch: 1);
        _lease.Expire();

        Assert.Equal([1], await AskOwnerAsync(Former));
        Assert.True(session.IsLost);
    }

    [Fact]
    public async Task ClaimedAgainUnderThePresentTag_IsKeptFromWhoAsksForAFormerOne()
    {
        _lease.Expire();
        var session = Hold(epoch: 2);

        Assert.Equal([0], await AskOwnerAsync(Former));
        Assert.False(session.IsLost);
    }

    [Fact]
    public async Task NodeThatLeftInOrder_LetsEndInPeaceWhatRuns()
    {
        var session = Hold(epoch: 1);
        _lease.End();

        Assert.Equal([0], await AskOwnerAsync(_owner.Tag));
        Assert.False(session.IsLost);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(23)]
    [InlineData(25)]
    public async Task QuestionOfAnotherLength_IsNotHeld(int length)
    {
        Hold(epoch: 1);

        Assert.Equal([0], (await _handler.AnswerAsync(new byte[length], TestContext.Current.CancellationToken)).ToArray());
        Assert.Equal(1, _held.Count);
    }

    [Fact]
    public async Task Claimer_AsksTheOwnerThatLives()
    {
        var session = Hold(epoch: 1);

        await Claimer().AskToGiveUpAsync(_id, _owner.Tag);

        Assert.True(session.IsLost);
    }

    [Fact]
    public async Task Claimer_DoesNotAskItself()
    {
        await Claimer().AskToGiveUpAsync(_id, _claimer.Tag);

        Assert.Equal(0, _asked);
    }

    [Theory]
    [InlineData(nameof(PeerAnswerStatus.Refused))]
    [InlineData(nameof(PeerAnswerStatus.NoAnswer))]
    public async Task Claimer_DoesNotAskSoonAgainWhoDidNotAnswer(string status)
    {
        _fails = Enum.Parse<PeerAnswerStatus>(status);
        var claimer = Claimer();

        await claimer.AskToGiveUpAsync(_id, _owner.Tag);
        _time.Advance(FormerOwner.AskAgainAfter - TimeSpan.FromTicks(1));
        await claimer.AskToGiveUpAsync(SessionId.New(), _owner.Tag);
        Assert.Equal(1, _asked);

        _time.Advance(TimeSpan.FromTicks(1));
        await claimer.AskToGiveUpAsync(_id, _owner.Tag);
        Assert.Equal(2, _asked);
    }

    [Fact]
    public async Task Claimer_WaitsOnlySoLongForAFrozenOwner()
    {
        _isSilent = true;
        var asking = Claimer().AskToGiveUpAsync(_id, _owner.Tag);
        Assert.False(asking.IsCompleted);

        _time.Advance(FormerOwner.Timeout);
        await asking;
    }

    [Fact]
    public async Task Claimers_AskAFrozenOwnerOnce_AndWaitForItTogether()
    {
        _isSilent = true;
        var claimer = Claimer();
        var first = Enumerable.Range(0, ClaimCoordinator.MaxAtOnce).Select(_ => claimer.AskToGiveUpAsync(SessionId.New(), _owner.Tag)).ToArray();
        Assert.Equal(1, _asked);

        _time.Advance(FormerOwner.Timeout);
        await Task.WhenAll(first);
        Assert.Equal(1, _asked);

        // Still frozen a second later: one waits to learn it, the others do not wait again.
        _time.Advance(FormerOwner.AskAgainAfter);
        var asks = claimer.AskToGiveUpAsync(SessionId.New(), _owner.Tag);
        Assert.True(claimer.AskToGiveUpAsync(SessionId.New(), _owner.Tag).IsCompletedSuccessfully);
        Assert.False(asks.IsCompleted);
        Assert.Equal(2, _asked);
        _time.Advance(FormerOwner.Timeout);
        await asks;
    }

    [Fact]
    public async Task Claimers_EachAskAnOwnerThatAnswers()
    {
        var session = Hold(epoch: 1);
        var isUp = new TaskCompletionSource();
        _answersAfter = isUp.Task;
        var claimer = Claimer();
        var first = claimer.AskToGiveUpAsync(SessionId.New(), _owner.Tag);
        var second = claimer.AskToGiveUpAsync(_id, _owner.Tag);
        Assert.Equal(1, _asked);

        isUp.SetResult();
        await Task.WhenAll(first, second);

        Assert.Equal(2, _asked);
        Assert.True(session.IsLost);
    }

    [Fact]
    public async Task GivenUpSession_IsNotAdoptedOnAnAnswerFromBefore()
    {
        var session = Hold(epoch: 3);
        var asked = _held.Asking();

        await AskOwnerAsync(_owner.Tag);

        var policy = new StickyPolicy(StickyPolicy.DefaultName, new StickyPolicyOptions());
        Assert.Equal(EnterStatus.NotHeld, _held.Adopt(_id, new SessionClaim(3, 33), session.Created, policy, asked, out var revived));
        Assert.Null(revived);
        Assert.Equal(0, _held.Count);
    }

    async Task<PeerAnswer> IPeerClient.AskAsync(
        Uri address, bool hasInterconnect, string kind, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        await _answersAfter;
        Assert.Equal(("give-up", _owner.Address), (kind, address));
        if (_isSilent)
        {
            await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
        }

        return _fails == PeerAnswerStatus.Answered
            ? new PeerAnswer(PeerAnswerStatus.Answered, await _handler.AnswerAsync(question, cancellationToken))
            : new PeerAnswer(_fails, default);
    }

    Task<bool> IPeerClient.IsRefusedAsync(Uri address, CancellationToken cancellationToken) => throw new NotSupportedException();

    private FormerOwner Claimer() => new(new FakeMembership(_claimer, _owner), this, _time, NullLogger<FormerOwner>.Instance);

    private HeldSession Hold(uint epoch)
    {
        _held.Adopt(_id, epoch, _time.GetUtcNow(), new StickyPolicy(StickyPolicy.DefaultName, new StickyPolicyOptions()), out var held);
        return held!;
    }

    private async Task<byte[]> AskOwnerAsync(NodeTag tag)
        => (await _handler.AnswerAsync(GiveUp.Ask(_id, tag), TestContext.Current.CancellationToken)).ToArray();
}
