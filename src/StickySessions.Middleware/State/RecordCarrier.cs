using StickySessions.Cluster;
using StickySessions.Ownership;

namespace StickySessions.State;

/// <summary>By the record: one script writes snapshot, owner and epoch. The next owner finds all of it with the session's next request.</summary>
internal sealed class RecordCarrier(IClusterMembership membership, ISessionRecords? records = null) : ISessionCarrier
{
    /// <summary>A hashed session has no record, and neither has any without a store.</summary>
    public bool Carries(HeldSession session) => records is not null && !session.IsHashed;

    public async Task<CarryAnswer> CarryAsync(HeldSession session, StoredState state, Node next, SessionClaim claim)
    {
        try
        {
            var answer = await records!.HandOffAsync(
                session.Id, membership.Self.Tag, session.Claim, state, membership.Lease.StoreDeadline, next.Tag, claim.Nonce, CancellationToken.None);
            return answer.Status switch
            {
                RecordStatus.Accepted => new CarryAnswer(CarryStatus.Carried),
                RecordStatus.Fenced => new CarryAnswer(CarryStatus.Fenced, answer.Epoch),
                RecordStatus.Ended => new CarryAnswer(CarryStatus.Ended, answer.Epoch),
                _ => new CarryAnswer(CarryStatus.Refused),
            };
        }
        catch (DirectoryUnavailableException)
        {
            return new CarryAnswer(CarryStatus.Unknown);
        }
    }
}
