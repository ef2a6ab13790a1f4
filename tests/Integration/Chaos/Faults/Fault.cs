namespace StickySessions.Tests.Integration.Chaos.Faults;

/// <summary>Something that goes wrong, from its beginning until it is healed.</summary>
/// <param name="Kind">What a report calls it.</param>
/// <param name="LosesData">Whether Redis forgets what it has acknowledged.</param>
/// <param name="RunAsync">Does it and heals it. Returns false if nothing can go wrong in this way now.</param>
internal sealed record Fault(string Kind, bool LosesData, Func<FaultScene, Task<bool>> RunAsync)
{
    /// <summary>Whether this machine can do it.</summary>
    public bool IsPossible { get; init; } = true;
}
