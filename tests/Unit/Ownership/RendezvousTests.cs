using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class RendezvousTests
{
    private const int Sample = 20_000;

    private static readonly NodeTag Gone = new(99, 99);
    private static readonly SessionId[] Sessions = [.. Enumerable.Range(0, Sample).Select(_ => SessionId.New())];

    [Fact]
    public void Candidate_OfManySessions_SpreadsEvenly()
    {
        var view = Nodes.View(Enumerable.Range(1, 5).Select(i => Nodes.New((uint)i)));

        Assert.All(Shares(view).Values, share => Assert.InRange(share, 0.18, 0.22));
    }

    [Fact]
    public void Candidate_OfWeightedNodes_SpreadsByWeight()
    {
        var shares = Shares(Nodes.View(Nodes.New(1, weight: 100), Nodes.New(2, weight: 200), Nodes.New(3, weight: 700)));

        Assert.InRange(shares["web-1"], 0.08, 0.12);
        Assert.InRange(shares["web-2"], 0.18, 0.22);
        Assert.InRange(shares["web-3"], 0.67, 0.73);
    }

    [Fact]
    public void Candidate_WhenANodeLeaves_MovesOnlyItsOwnShare()
    {
        var before = Nodes.View(Nodes.New(1), Nodes.New(2), Nodes.New(3));
        var after = Nodes.View(Nodes.New(1), Nodes.New(3));

        Assert.All(
            Sessions.Where(session => Winner(before, session) != "web-2"),
            session => Assert.Equal(Winner(before, session), Winner(after, session)));
        Assert.InRange(Shares(after)["web-1"], 0.47, 0.53);
    }

    [Fact]
    public void Candidate_WhenANodeJoins_MovesOnlyToIt()
    {
        var before = Nodes.View(Nodes.New(1), Nodes.New(2));
        var after = Nodes.View(Nodes.New(1), Nodes.New(2), Nodes.New(3));

        Assert.All(
            Sessions.Where(session => Winner(after, session) != "web-3"),
            session => Assert.Equal(Winner(before, session), Winner(after, session)));
    }

    [Fact]
    public void Candidate_WhenANodeRestartedUnderItsName_KeepsItsShare()
    {
        var before = Nodes.View(Nodes.New(1), Nodes.New(2), Nodes.New(3));
        var after = Nodes.View(Nodes.New(1), Nodes.New(3), Nodes.New(4, "web-2"));

        Assert.All(Sessions, session => Assert.Equal(Winner(before, session), Winner(after, session)));
    }

    [Fact]
    public void Candidate_WhileTheProcessBeforeTheRestartIsStillListed_IsTheLaterOne()
    {
        var view = Nodes.View(Nodes.New(1, "web"), Nodes.New(2, "web"));

        Assert.All(Sessions.Take(100), session => Assert.Equal(2u, Rendezvous.Candidate(view, session, Gone)!.Tag.Sequence));
    }

    [Fact]
    public void Candidate_WhateverTheOrderOfNodes_IsTheSame()
    {
        Node[] nodes = [.. Enumerable.Range(1, 7).Select(i => Nodes.New((uint)i, $"node-{i * 37 % 11}", weight: i * 10))];
        var (view, reversed) = (Nodes.View(nodes), Nodes.View(nodes.Reverse()));

        Assert.All(Sessions.Take(1_000), session => Assert.Equal(Winner(view, session), Winner(reversed, session)));
    }

    [Fact]
    public void Candidate_OfAKnownSession_NeverChanges()
    {
        // Nodes of two versions of this library must agree: whoever changes the hash changes this test, knowingly.
        var view = Nodes.View(Nodes.New(1), Nodes.New(2), Nodes.New(3));

        var winners = string.Concat(Enumerable.Range(0, 16).Select(i => Winner(view, new SessionId((ulong)i, 42))![^1]));

        Assert.Equal("3213331212232311", winners);
    }

    [Fact]
    public void Candidate_WhenTheOwnerIsBackUnderANewTag_IsThatProcess()
    {
        var back = Nodes.New(4, state: NodeState.Draining, formerTags: Gone);
        var view = Nodes.View(Nodes.New(1), Nodes.New(2), back);

        Assert.All(Sessions.Take(100), session => Assert.Same(back, Rendezvous.Candidate(view, session, Gone)));
        Assert.All(Sessions.Take(100), session => Assert.NotSame(back, Rendezvous.Candidate(view, session, Gone, [back.Tag])));
    }

    [Fact]
    public void Candidate_OfNodesThatAreNotActiveOrExcluded_IsNobody()
    {
        var excluded = Nodes.New(3);
        var view = Nodes.View(Nodes.New(1, state: NodeState.Starting), Nodes.New(2, state: NodeState.Draining), excluded);

        Assert.Null(Rendezvous.Candidate(view, Sessions[0], Gone, [excluded.Tag]));
        Assert.Same(excluded, Rendezvous.Candidate(view, Sessions[0], Gone));
        Assert.Null(Rendezvous.Candidate(ClusterView.Empty, Sessions[0], Gone));
    }

    private static string? Winner(ClusterView view, SessionId session) => Rendezvous.Candidate(view, session, Gone)?.Name;

    private static Dictionary<string, double> Shares(ClusterView view)
        => Sessions.CountBy(session => Winner(view, session)!).ToDictionary(count => count.Key, count => count.Value / (double)Sample);
}
