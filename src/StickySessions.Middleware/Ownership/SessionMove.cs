using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// A session on its way to another node: nobody enters it meanwhile, and who comes waits for what becomes of it. It ends exactly once.
/// </summary>
internal sealed class SessionMove(HeldSession session)
{
    private readonly TaskCompletionSource<MovedTo?> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public HeldSession Session => session;

    /// <summary>Where it lives now; null if it has stayed, or nobody can say.</summary>
    public Task<MovedTo?> Result => _result.Task;

    public bool TryEnd(MovedTo? to) => _result.TrySetResult(to);
}

/// <param name="Owner">Who owns the session from now on.</param>
/// <param name="Epoch">At this epoch.</param>
internal sealed record MovedTo(NodeTag Owner, uint Epoch);
