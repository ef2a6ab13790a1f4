namespace StickySessions;

/// <summary>
/// How far this node has come in its life, for whatever serves requests. It only ever goes on, and it depends on nothing.
/// </summary>
internal sealed class NodeStage
{
    private readonly TaskCompletionSource _departure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isActive;
    private volatile bool _isDraining;
    private volatile bool _hasLeft;

    /// <summary>Whether the application has started.</summary>
    public bool IsActive => _isActive;

    /// <summary>Whether new sessions are placed elsewhere, and balancers should send no more requests here.</summary>
    public bool IsDraining => _isDraining;

    /// <summary>Once true this node serves no session from memory: others may claim what it held.</summary>
    public bool HasLeft => _hasLeft;

    /// <summary>Completes once the peers know that this node has left, or there was no more time to tell them.</summary>
    public Task Departure => _departure.Task;

    public void Activate() => _isActive = true;

    public void Drain() => _isDraining = true;

    public void Leave() => _hasLeft = true;

    public void Depart() => _departure.TrySetResult();
}
