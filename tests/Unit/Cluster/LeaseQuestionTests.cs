using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Redis;
using StickySessions.Tests.Unit.Ownership;

namespace StickySessions.Tests.Unit.Cluster;

public sealed class LeaseQuestionTests : IDisposable
{
    private static readonly Node Self = Nodes.New(2);
    private static readonly Node Asker = Nodes.New(1);

    private readonly FakeTimeProvider _time = new();
    private readonly NodeLease _lease;
    private readonly FakeMembership _membership;
    private readonly LeaseQuestionHandler _handler;

    public LeaseQuestionTests()
    {
        _lease = new NodeLease(TimeSpan.FromSeconds(5), _time);
        _membership = new FakeMembership(Self, Asker) { Lease = _lease };
        _handler = new LeaseQuestionHandler(_membership, Options.Create(new StickyRedisOptions()));
        _lease.Renew(_lease.Now);
    }

    public void Dispose() => _lease.Dispose();

    [Fact]
    public async Task HeardOfRedisWithinTwoBeats_MayClaim()
    {
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.True(await AskAsync());
    }

    [Fact]
    public async Task NothingOfRedisForTwoBeats_CannotClaimThoughItHoldsItsLease()
    {
        _time.Advance(TimeSpan.FromSeconds(2) + TimeSpan.FromTicks(1));

        Assert.True(_lease.IsHeld);
        Assert.False(await AskAsync());
    }

    [Fact]
    public async Task AskerIsGoneInTheView_MayHaveClaimed()
    {
        _membership.View = Nodes.View([Self]);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.True(await AskAsync());
    }

    private async Task<bool> AskAsync() => LeaseQuestionHandler.IsYes(
        (await _handler.AnswerAsync(LeaseQuestionHandler.Ask(Asker.Tag), TestContext.Current.CancellationToken)).Span);
}
