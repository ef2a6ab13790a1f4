namespace StickySessions.State;

/// <summary>
/// <c>CommitAsync</c> could not see the session's state stored: another node owns the session, it has ended, or Redis did not answer in time and the outcome
/// is unknown.
/// </summary>
/// <param name="reason">One of the documented reasons: <c>owner-lost</c>, <c>lease-expired</c>, <c>outcome-unknown</c>.</param>
public sealed class SessionCommitException(string reason) : IOException($"The state of the session could not be stored: {reason}.")
{
    /// <summary>The reason: <c>owner-lost</c>, <c>lease-expired</c> or <c>outcome-unknown</c>.</summary>
    public string Reason { get; } = reason;
}
