using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tests.Unit.Ownership;
using StickySessions.Tests.Unit.Tokens;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Middleware;

/// <summary>What a request costs that brings tokens of the application which this node knows nothing of.</summary>
public sealed class RequestTokensTests
{
    private const string Cookie = "APPSESSION";

    private readonly FakeTimeProvider _time = new();
    private readonly FixedKeys _keys = new(new KeyRing(FixedKeys.Key("new"), FixedKeys.Key("old"), FixedKeys.Key("older")));
    private readonly KnownOwners _known = new();
    private readonly AskedDirectory _directory = new();
    private readonly StickyPolicy _policy;
    private readonly RequestTokens _tokens;

    public RequestTokensTests()
    {
        var options = new StickyPolicyOptions { Method = StickyMethod.Learn };
        options.Sources.Add(StickyTokenSourceOptions.Cookie(Cookie));
        _policy = new StickyPolicy(StickyPolicy.DefaultName, options);
        var membership = new FakeMembership(Nodes.New(1));
        _tokens = new RequestTokens(
            new SessionCookie(new TokenProtector(_keys), _time), _keys, new HeldSessions(_time), _known, _directory,
            new HolderSearch(membership, new FakePeers(), _time), membership);
    }

    [Fact]
    public async Task LearntTokens_ThatNobodyKnows_AreLookedForByTheFirstTwo()
    {
        var found = await FindAsync("a", "b", "c", "d");

        Assert.Equal(TokenFindingStatus.Unbound, found.Status);
        Assert.Equal(IdsOf("a").Concat(IdsOf("b")), _directory.Asked);
    }

    [Fact]
    public async Task LearntToken_BehindTwoThatNobodyKnows_IsFoundIfThisNodeKnowsIt()
    {
        _known.Set(IdsOf("d")[1], new KnownOwner(Nodes.New(2).Tag, 3));

        var found = await FindAsync("a", "b", "c", "d");

        Assert.Equal((IdsOf("d")[1], Nodes.New(2).Tag, 3u), (found.Token.Session, found.Token.Owner, found.Token.Epoch));
    }

    [Fact]
    public async Task LearntToken_IsLookedForUnderAllKeysAtOnce()
    {
        var answer = new TaskCompletionSource();
        _directory.Gate = answer.Task;
        _directory.Records[IdsOf("a")[2]] = new OwnershipRecord(Nodes.New(2).Tag, 4, Ended: false);

        var finding = FindAsync("a");

        Assert.Equal(IdsOf("a"), _directory.Asked);
        answer.SetResult();
        Assert.Equal((IdsOf("a")[2], 4u), ((await finding).Token.Session, (await finding).Token.Epoch));
    }

    [Fact]
    public async Task LearntToken_KnownUnderTwoKeys_IsThatOfTheKeyThatSignsNow()
    {
        _directory.Records[IdsOf("a")[0]] = new OwnershipRecord(Nodes.New(2).Tag, 1, Ended: false);
        _directory.Records[IdsOf("a")[1]] = new OwnershipRecord(Nodes.New(3).Tag, 9, Ended: false);

        Assert.Equal(Nodes.New(2).Tag, (await FindAsync("a")).Token.Owner);
    }

    private SessionId[] IdsOf(string token) => [.. _keys.Current.All.Select(key => ApplicationSessionId.Derive(key, _policy.Name, token))];

    private Task<TokenFinding> FindAsync(params string[] tokens)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Cookie = string.Join("; ", tokens.Select(token => $"{Cookie}={token}"));
        return _tokens.FindAsync(context, _policy).AsTask();
    }

    private sealed class AskedDirectory : IOwnershipDirectory
    {
        public List<SessionId> Asked { get; } = [];

        public Dictionary<SessionId, OwnershipRecord> Records { get; } = [];

        /// <summary>When set, answers wait for it.</summary>
        public Task Gate { get; set; } = Task.CompletedTask;

        public async ValueTask<OwnershipRecord?> ReadAsync(SessionId session, CancellationToken cancellationToken)
        {
            Asked.Add(session);
            await Gate;
            return Records.TryGetValue(session, out var record) ? record : null;
        }

        public ValueTask<ClaimResult> ClaimAsync(
            SessionId session, NodeTag expectedOwner, uint seenEpoch, NodeTag claimer, CancellationToken cancellationToken)
            => throw new NotSupportedException();

        public ValueTask EndAsync(SessionId session, uint epoch, TimeSpan keepFor, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
