using Microsoft.Extensions.Time.Testing;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class HoldsQuestionTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly HeldSessions _held;
    private readonly HoldsQuestionHandler _handler;
    private readonly HeldSession _session;

    public HoldsQuestionTests()
    {
        _held = new HeldSessions(_time);
        _handler = new HoldsQuestionHandler(new LocalHoldings(_held, new EndedSessions(_time)), _held);
        _held.Adopt(SessionId.New(), 5, _time.GetUtcNow(), new StickyPolicy(StickyPolicy.DefaultName, new StickyPolicyOptions()), out var session);
        _session = session!;
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(4u)]
    [InlineData(5u)]
    public async Task Answer_ToAnEpochThatIsNotHigher_IsHeld(uint seen)
    {
        Assert.Equal(new HoldsAnswer(HoldsStatus.Held, 5), await AskAsync(seen));
        Assert.False(_session.IsLost);
    }

    [Fact]
    public async Task Answer_ToAHigherEpoch_IsNotHeld_AndTheStaleCopyIsDropped()
    {
        Assert.Equal(HoldsStatus.NotHeld, (await AskAsync(6)).Status);

        Assert.True(_session.IsLost);
        Assert.Equal(0, _held.Count);
        Assert.Equal(6u, _held.KnownUpTo(_session.Id));
    }

    [Fact]
    public async Task Answer_ToAHigherEpochOfWhatHasEnded_IsEnded()
    {
        _session.End();

        Assert.Equal(HoldsStatus.Ended, (await AskAsync(6)).Status);
    }

    private async Task<HoldsAnswer> AskAsync(uint seen)
    {
        var content = await _handler.AnswerAsync(HoldsQuestion.Ask(_session.Id, seen), TestContext.Current.CancellationToken);
        Assert.True(HoldsAnswer.TryRead(content.Span, out var answer));
        return answer;
    }
}
