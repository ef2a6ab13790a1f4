using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Middleware;

/// <summary>A directory whose answers a test holds back: each is what the record said when it was asked.</summary>
internal sealed class RecordTable : IOwnershipDirectory
{
    public OwnershipRecord? Record { get; set; }

    /// <summary>When set, answers wait for it once they are decided.</summary>
    public Task SlowReply { get; set; } = Task.CompletedTask;

    public int Claims { get; private set; }

    public ValueTask<ClaimResult> RecordAsync(SessionId session, NodeTag owner, CancellationToken cancellationToken) => throw new NotSupportedException();

    public async ValueTask<OwnershipRecord?> ReadAsync(SessionId session, CancellationToken cancellationToken)
    {
        var answer = Record;
        await SlowReply;
        return answer;
    }

    public async ValueTask<ClaimResult> ClaimAsync(
        SessionId session, NodeTag expectedOwner, uint seenEpoch, NodeTag claimer, CancellationToken cancellationToken)
    {
        Claims++;
        if (Record is not { } record || (!record.Ended && (record.Owner == expectedOwner || record.Epoch < seenEpoch)))
        {
            Record = record = new OwnershipRecord(claimer, Math.Max(Record?.Epoch ?? 0, seenEpoch) + 1, Ended: false);
        }

        var status = record.Ended ? ClaimStatus.Ended : record.Owner == claimer ? ClaimStatus.Owned : ClaimStatus.OwnedByOther;
        await SlowReply;
        return new ClaimResult(status, record.Owner, record.Epoch);
    }

    public ValueTask<RecordAnswer> ConfirmAsync(SessionId session, NodeTag owner, SessionClaim claim, CancellationToken cancellationToken)
        => new(Record switch
        {
            { Ended: true } ended => new RecordAnswer(RecordStatus.Ended, default, ended.Epoch),
            { } record when record.Epoch >= claim.Epoch && record.Owner != owner => new RecordAnswer(RecordStatus.Fenced, record.Owner, record.Epoch),
            _ => new RecordAnswer(RecordStatus.Accepted, owner, claim.Epoch),
        });

    public async ValueTask EndAsync(SessionId session, uint epoch, TimeSpan keepFor, CancellationToken cancellationToken)
    {
        await SlowReply;
        Record = new OwnershipRecord(default, epoch + 1, Ended: true);
    }
}
