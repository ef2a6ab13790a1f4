using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class SessionVerificationTests
{
    private static readonly Node Self = Nodes.New(1, "web-1");
    private static readonly NodeTag Other = new(9, 9);

    private readonly RecordingDirectory _directory = new();
    private readonly HeldSessions _held = new(new FakeTimeProvider());
    private readonly SessionVerification _verification;
    private readonly StickyPolicy _policy = new(StickyPolicy.DefaultName, new StickyPolicyOptions());
    private readonly SessionClaim _claim = new(3, 33);

    public SessionVerificationTests() => _verification = new SessionVerification(
        _directory, _held, new FakeMembership(Self), NullLogger<SessionVerification>.Instance);

    [Fact]
    public async Task Confirm_Accepted_MakesTheSessionEnterable()
    {
        var session = Doubted();
        Assert.Equal(EnterStatus.Unverified, _held.TryEnter(session.Id, 1, out _));

        Assert.Equal(RecordStatus.Accepted, (await ConfirmAsync(session)).Status);

        Assert.Equal((session.Id, Self.Tag, _claim), Assert.Single(_directory.Confirmed));
        Assert.Equal(EnterStatus.Entered, _held.TryEnter(session.Id, 1, out _));
    }

    [Fact]
    public async Task Confirm_WhileDoubtArisesAnew_DoesNotSettleIt()
    {
        var session = Doubted();
        var gate = new TaskCompletionSource();
        _directory.Gate = gate.Task;
        var confirmed = ConfirmAsync(session);

        _held.DoubtAll();
        gate.SetResult();
        await confirmed;

        Assert.Equal(EnterStatus.Unverified, _held.TryEnter(session.Id, 1, out _));
    }

    [Fact]
    public async Task Confirm_AfterDoubtAroseAnew_DoesNotShareTheQuestionFromBefore()
    {
        var session = Doubted();
        var gate = new TaskCompletionSource();
        _directory.Gate = gate.Task;
        var before = ConfirmAsync(session);

        _held.DoubtAll();
        var after = ConfirmAsync(session);
        gate.SetResult();
        await Task.WhenAll(before, after);

        Assert.Equal(2, _directory.Confirmed.Count);
        Assert.Equal(EnterStatus.Entered, _held.TryEnter(session.Id, 1, out _));
    }

    [Fact]
    public async Task Confirm_OfALostSession_DropsIt()
    {
        var session = Doubted();
        _directory.Answer = (_, _) => new RecordAnswer(RecordStatus.Fenced, Other, 4);

        Assert.Equal(RecordStatus.Fenced, (await ConfirmAsync(session)).Status);

        Assert.True(session.IsLost);
        Assert.Equal(0, _held.Count);
        Assert.Equal(4u, _held.KnownUpTo(session.Id));
    }

    [Fact]
    public async Task Confirm_OfASessionThatHasEnded_RemembersIt()
    {
        var session = Doubted();
        _directory.Answer = (_, _) => new RecordAnswer(RecordStatus.Ended, default, 4);

        Assert.Equal(RecordStatus.Ended, (await ConfirmAsync(session)).Status);

        Assert.True(session.IsLost);
        Assert.Equal(EnterStatus.Ended, _held.TryEnter(session.Id, 1, out _));
        Assert.Equal(EnterStatus.Ended, _held.Adopt(session.Id, new SessionClaim(5, 55), session.Created, _policy, out _));
    }

    [Fact]
    public async Task Confirm_FencedByThisNodesOwnLaterClaim_KeepsTheMemory()
    {
        var session = Doubted();
        _directory.Answer = (_, _) => new RecordAnswer(RecordStatus.Fenced, Self.Tag, 4);

        await ConfirmAsync(session);

        Assert.False(session.IsClosed);
        Assert.Equal(EnterStatus.Unverified, _held.TryEnter(session.Id, 1, out _));
    }

    [Fact]
    public async Task Confirm_WhileTheClaimWasRaised_KeepsTheMemory()
    {
        var session = Doubted();
        _directory.Answer = (_, _) =>
        {
            Assert.True(session.TryRaiseEpoch(new SessionClaim(4, 44)));
            return new RecordAnswer(RecordStatus.Fenced, Other, 4);
        };

        await ConfirmAsync(session);

        Assert.False(session.IsClosed);
    }

    [Fact]
    public async Task Confirm_ByManyAtOnce_AsksOnce()
    {
        var session = Doubted();
        var gate = new TaskCompletionSource();
        _directory.Gate = gate.Task;
        var confirmed = Enumerable.Range(0, 100).Select(_ => ConfirmAsync(session)).ToArray();
        gate.SetResult();
        await Task.WhenAll(confirmed);

        Assert.Single(_directory.Confirmed);
    }

    [Fact]
    public async Task Confirm_AfterTheDirectoryWasAway_AsksAgain()
    {
        var session = Doubted();
        _directory.Answer = (_, _) => throw new DirectoryUnavailableException("away");
        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => ConfirmAsync(session));
        Assert.Equal(EnterStatus.Unverified, _held.TryEnter(session.Id, 1, out _));

        _directory.Answer = (_, _) => new RecordAnswer(RecordStatus.Accepted, Self.Tag, 3);
        await ConfirmAsync(session);
        Assert.Equal(EnterStatus.Entered, _held.TryEnter(session.Id, 1, out _));
    }

    private Task<RecordAnswer> ConfirmAsync(HeldSession session) => _verification.ConfirmAsync(session, TestContext.Current.CancellationToken);

    private HeldSession Doubted()
    {
        _held.Adopt(SessionId.New(), _claim, DateTimeOffset.UnixEpoch.AddYears(30), _policy, out var session);
        _held.Exit(session!);
        _held.DoubtAll();
        return session!;
    }
}
