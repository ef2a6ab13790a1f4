using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Redis;
using StickySessions.Tests.Unit.Ownership;

namespace StickySessions.Tests.Unit.Cluster;

public sealed class PeerLeasesTests : IPeerClient, IDisposable
{
    private static readonly Node Self = Nodes.New(1, "web-1");
    private static readonly Node Other = Nodes.New(2, "web-2");
    private static readonly Node Third = Nodes.New(3, "web-3");

    private readonly FakeTimeProvider _time = new();
    private readonly ConcurrentDictionary<Uri, TaskCompletionSource<PeerAnswer>> _answers = new();
    private readonly NodeLease _lease;
    private readonly PeerLeases _peers;
    private int _asked;

    public PeerLeasesTests()
    {
        _lease = new NodeLease(TimeSpan.FromSeconds(5), _time);
        _peers = new PeerLeases(new FakeMembership(Self, Other, Third) { Lease = _lease }, this, Options.Create(new StickyRedisOptions()), _time);
    }

    public void Dispose() => _lease.Dispose();

    [Fact]
    public async Task OneHoldsItsLease_IsHeldThoughAnotherIsSilent()
    {
        Answer(Third, 1);

        Assert.True(await _peers.MayAnyClaimAsync());
    }

    [Fact]
    public async Task NobodyHoldsItsLease_IsNotHeld()
    {
        Answer(Other, 0);
        Answer(Third, new PeerAnswer(PeerAnswerStatus.Refused, default));

        Assert.False(await _peers.MayAnyClaimAsync());
    }

    [Fact]
    public async Task SilentNodes_AreWaitedForOnlySoLong()
    {
        var asking = _peers.MayAnyClaimAsync().AsTask();
        await AskedAsync(2);
        Assert.False(asking.IsCompleted);

        _time.Advance(PeerLeases.Timeout);
        Assert.False(await asking);
    }

    [Fact]
    public async Task ManyWhoWantToKnow_ShareOneQuestionForABeat()
    {
        Answer(Other, 0);
        Answer(Third, 0);

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => _peers.MayAnyClaimAsync().AsTask()));
        _time.Advance(TimeSpan.FromSeconds(1) - TimeSpan.FromTicks(1));
        Assert.False(await _peers.MayAnyClaimAsync());
        Assert.Equal(2, _asked);

        _time.Advance(TimeSpan.FromTicks(1));
        Assert.False(await _peers.MayAnyClaimAsync());
        Assert.Equal(4, _asked);
    }

    [Fact]
    public async Task AnswersThatLayAboutDuringAPause_DoNotCount()
    {
        var asking = _peers.MayAnyClaimAsync().AsTask();
        await AskedAsync(2);
        Answer(Other, 0);

        // The process stands still, and when it goes on the last answer is there.
        _time.SetUtcNow(_time.GetUtcNow() + TimeSpan.FromSeconds(15));
        Answer(Third, 0);

        Assert.True(await asking);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OneHoldsItsLeaseAgain_AfterAllHadNone_IsNoHarmForAsLongAsALeaseServes(bool allAnswered)
    {
        Answer(Other, 0);
        Answer(Third, new PeerAnswer(allAnswered ? PeerAnswerStatus.Answered : PeerAnswerStatus.NoAnswer, new byte[] { 0 }));
        Assert.False(await _peers.MayAnyClaimAsync());

        _answers.Clear();
        Answer(Other, 1);
        _time.Advance(_lease.ServesFor - TimeSpan.FromTicks(1));
        Assert.Equal(!allAnswered, await _peers.MayAnyClaimAsync());

        _time.Advance(TimeSpan.FromTicks(1));
        Assert.True(await _peers.MayAnyClaimAsync());
    }

    [Fact]
    public async Task ANodeThatHasShownThatItHoldsItsLease_NeedNotBeAsked()
    {
        _peers.Hear();

        Assert.True(await _peers.MayAnyClaimAsync());
        Assert.Equal(0, _asked);
    }

    Task<PeerAnswer> IPeerClient.AskAsync(Uri address, bool hasInterconnect, string kind, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        Assert.Equal("lease", kind);
        Interlocked.Increment(ref _asked);
        return AnswerOf(address).Task;
    }

    Task<bool> IPeerClient.IsRefusedAsync(Uri address, CancellationToken cancellationToken) => throw new NotSupportedException();

    private TaskCompletionSource<PeerAnswer> AnswerOf(Uri address)
        => _answers.GetOrAdd(address, _ => new TaskCompletionSource<PeerAnswer>(TaskCreationOptions.RunContinuationsAsynchronously));

    private void Answer(Node node, byte held) => Answer(node, new PeerAnswer(PeerAnswerStatus.Answered, new[] { held }));

    private void Answer(Node node, PeerAnswer answer) => AnswerOf(node.Address).SetResult(answer);

    private async Task AskedAsync(int times)
    {
        while (Volatile.Read(ref _asked) < times)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
