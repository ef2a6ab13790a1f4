using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

/// <summary>Two nodes that compare what they hold.</summary>
public sealed class SessionDoublesTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly FakePeers _peers = new(DoublesQuestion.Kind);
    private readonly Side[] _sides;

    public SessionDoublesTests()
    {
        Node[] nodes = [Nodes.New(1), Nodes.New(2), Nodes.New(3)];
        _sides = [new(nodes[0], nodes, _peers, _time), new(nodes[1], nodes, _peers, _time)];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var side in _sides)
        {
            await side.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 0)]
    [InlineData(3, 1)]
    public async Task SessionThatBothBegan_IsYieldedWhereItBeganLater(int home, int first)
    {
        var id = IdWithHome(home);
        var earlier = _sides[first].Begin(id);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        var later = _sides[1 - first].Begin(id);
        await StartAsync();

        ChangeViews();

        await UntilAsync(() => later.IsLost);
        await RoundAsync(mustAsk: false);
        Assert.False(earlier.IsClosed);
        Assert.Null(_sides[1 - first].Held.Find(id));
        Assert.Equal(_sides[first].Node.Tag, _sides[1 - first].Doubles.YieldedTo(id)?.Tag);
        Assert.True(_sides[1 - first].Known.TryGet(id, out var owner) && owner.Owner == _sides[first].Node.Tag);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task SessionThatBothBeganAtTheSameMoment_StaysWithTheNodeThatJoinedFirst(int home)
    {
        var id = IdWithHome(home);
        var (one, other) = (_sides[0].Begin(id), _sides[1].Begin(id));
        await StartAsync();

        ChangeViews();

        await UntilAsync(() => other.IsLost);
        Assert.False(one.IsClosed);
    }

    [Fact]
    public async Task Session_WithoutAChangeOfTheView_IsComparedRegularly()
    {
        var id = IdWithHome(1);
        var silent = _sides[1].Begin(id);
        _time.Advance(TimeSpan.FromSeconds(1));
        var later = _sides[0].Begin(id);
        await StartAsync();
        var began = _time.GetTimestamp();

        await UntilAsync(() => later.IsLost);

        Assert.True(_time.GetElapsedTime(began) > DoublesSearch.PauseBetweenRounds / 2);
        Assert.False(silent.IsClosed);
    }

    [Fact]
    public async Task SessionThatOneHolds_StaysWhereItIs_WhateverItsHome()
    {
        var sessions = Enumerable.Range(1, 3).Select(home => _sides[0].Begin(IdWithHome(home))).ToArray();
        await StartAsync();

        ChangeViews();
        await RoundAsync();

        Assert.All(sessions, session => Assert.False(session.IsClosed));
        Assert.Equal(0, _sides[1].Held.Count);
    }

    [Fact]
    public async Task SessionOfAnotherMethod_IsNotComparedAtAll()
    {
        _sides[0].Begin(IdWithHome(2), StickyMethod.Rewrite);
        await StartAsync();

        ChangeViews();
        await RoundAsync(mustAsk: false);

        Assert.Equal(0, _peers.Asked);
    }

    /// <summary>Its sessions are not its own any more, and it may not know that yet.</summary>
    [Fact]
    public async Task AskerThatTheOtherTakesForGone_GetsNothing()
    {
        var id = IdWithHome(2);
        var earlier = _sides[0].Begin(id);
        _time.Advance(TimeSpan.FromSeconds(1));
        var later = _sides[1].Begin(id);
        _sides[1].Membership.View = Nodes.View(_sides[1].Node);
        await StartAsync();

        _sides[0].Membership.Change(_sides[0].Membership.View.Nodes);
        await RoundAsync();

        Assert.False(earlier.IsClosed);
        Assert.False(later.IsClosed);
    }

    /// <summary>It would win, and then be gone.</summary>
    [Fact]
    public async Task NodeThatDrains_TakesNoPart()
    {
        var id = IdWithHome(1);
        await using var draining = new Side(Nodes.New(2, state: NodeState.Draining), [_sides[0].Node], _peers, _time);
        var earlier = draining.Begin(id);
        _time.Advance(TimeSpan.FromSeconds(1));
        var later = _sides[0].Begin(id);

        var answer = await draining.Handler.AnswerAsync(DoublesQuestion.Ask(_sides[0].Node.Tag, [later]), TestContext.Current.CancellationToken);

        Assert.True(answer.IsEmpty);
        Assert.False(earlier.IsClosed);
        Assert.False(draining.Doubles.TakesPart);
    }

    /// <summary>The question was sent before the asker's session was over, and the one here began because of that.</summary>
    [Fact]
    public async Task SessionThatBeganWhileTheQuestionWasOnItsWay_Stays()
    {
        var id = IdWithHome(2);
        var question = DoublesQuestion.Ask(_sides[0].Node.Tag, [_sides[0].Begin(id)]);
        _time.Advance(HolderSearch.Timeout / 2);
        var next = _sides[1].Begin(id);
        _time.Advance(HolderSearch.Timeout / 2);

        var answer = await _sides[1].Handler.AnswerAsync(question, TestContext.Current.CancellationToken);

        Assert.Equal([0], answer.ToArray());
        Assert.False(next.IsClosed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(9)]
    public async Task QuestionOfAnotherLength_IsNotAnswered(int length)
        => Assert.True((await _sides[0].Handler.AnswerAsync(new byte[length], TestContext.Current.CancellationToken)).IsEmpty);

    private SessionId IdWithHome(int home)
    {
        var slots = new HashSlots(_sides[0].Membership.View);
        return Enumerable.Repeat(0, 10_000).Select(_ => SessionId.New()).First(id => slots.HomeOf(id)!.Name == $"web-{home}");
    }

    private Task StartAsync() => Task.WhenAll(_sides.Select(side => side.Search.StartAsync(TestContext.Current.CancellationToken)));

    private void ChangeViews()
    {
        foreach (var side in _sides)
        {
            side.Membership.Change(side.Membership.View.Nodes);
        }
    }

    /// <summary>A whole round of both.</summary>
    private async Task RoundAsync(bool mustAsk = true)
    {
        var (asked, began) = (_peers.Asked, _time.GetTimestamp());
        await UntilAsync(() => _time.GetElapsedTime(began) > 2 * DoublesSearch.PauseBetweenRounds);
        Assert.True(!mustAsk || _peers.Asked > asked);
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromMinutes(1));
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(TimeSpan.FromMilliseconds(1));
        }
    }

    private sealed class Side : IAsyncDisposable
    {
        public Side(Node self, IEnumerable<Node> all, FakePeers peers, FakeTimeProvider time)
        {
            Node = self;
            Membership = new FakeMembership(self, [.. all.Where(node => node.Tag != self.Tag)]);
            Held = new HeldSessions(time);
            Doubles = new SessionDoubles(Held, Known, Membership, time);
            Handler = new DoublesQuestionHandler(Doubles, Membership);
            Search = new DoublesSearch(Held, new HashHomes(Membership), Doubles, Membership, peers, time, NullLogger<DoublesSearch>.Instance);
            peers.Answers(self, Handler);
        }

        public Node Node { get; }

        public FakeMembership Membership { get; }

        public HeldSessions Held { get; }

        public KnownOwners Known { get; } = new();

        public SessionDoubles Doubles { get; }

        public DoublesQuestionHandler Handler { get; }

        public DoublesSearch Search { get; }

        public HeldSession Begin(SessionId id, StickyMethod method = StickyMethod.Hash)
        {
            var policy = new StickyPolicy(StickyPolicy.DefaultName, new StickyPolicyOptions { Method = method, IdleTimeout = TimeSpan.FromHours(1) });
            Held.Adopt(id, 1, default, policy, out var session);
            Held.Exit(session!);
            return session!;
        }

        public async ValueTask DisposeAsync()
        {
            await Search.StopAsync(CancellationToken.None);
            Search.Dispose();
        }
    }
}
