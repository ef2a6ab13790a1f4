using System.Collections.Concurrent;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.State;

/// <summary>Records that answer as the test says, and remember what was written.</summary>
internal sealed class FakeRecords : ISessionRecords
{
    private int _underWay;

    public ConcurrentQueue<(SessionClaim Claim, StoredState State)> Writes { get; } = new();

    /// <summary>Gets how many writes there were, this one included; each is answered once what it returns completes.</summary>
    public Func<int, SessionClaim, Task<RecordAnswer>> Answer { get; set; } = (_, claim) => Task.FromResult(new RecordAnswer(RecordStatus.Accepted, default, claim.Epoch));

    /// <summary>How many writes were under way at once.</summary>
    public int MostAtOnce { get; private set; }

    public async ValueTask<RecordAnswer> WriteAsync(
        SessionId session, NodeTag owner, SessionClaim claim, StoredState state, DateTimeOffset createBefore, bool release, CancellationToken cancellationToken)
    {
        MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _underWay));
        try
        {
            Writes.Enqueue((claim, state));
            return await Answer(Writes.Count, claim);
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    public ValueTask<RecordAnswer> HandOffAsync(
        SessionId session,
        NodeTag owner,
        SessionClaim claim,
        StoredState state,
        DateTimeOffset createBefore,
        NodeTag next,
        ulong nextNonce,
        CancellationToken cancellationToken)
        => throw new NotSupportedException();

    public ValueTask<string> KeepAsideAsync(SessionId session, StoredState state, CancellationToken cancellationToken) => throw new NotSupportedException();
}
