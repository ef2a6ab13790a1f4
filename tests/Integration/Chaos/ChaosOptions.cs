using StickySessions.Policies;

namespace StickySessions.Tests.Integration.Chaos;

internal enum ChaosMode
{
    /// <summary>A node past its deadline serves nothing: two owners are a violation.</summary>
    Consistency,

    /// <summary>A node that lost Redis serves on: two owners are counted, and how long they were two is compared with the bound.</summary>
    Availability,
}

/// <summary>What a run is like.</summary>
internal sealed record ChaosOptions
{
    public TimeSpan Duration { get; init; } = TimeSpan.FromMinutes(1);

    public int Seed { get; init; } = 1;

    public int Nodes { get; init; } = 3;

    public ChaosMode Mode { get; init; } = ChaosMode.Consistency;

    /// <summary>Whether faults may lose what Redis has stored.</summary>
    public bool LoseData { get; init; }

    /// <summary>The kinds of faults; empty: all that the machine can do.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>How many faults may be there at a time.</summary>
    public int FaultsAtOnce { get; init; } = 2;

    /// <summary>Whether nodes check their lease: without, the harness must find two owners.</summary>
    public bool Fence { get; init; } = true;

    public int Clients { get; init; } = 20;

    /// <summary>Requests per second, of all clients together.</summary>
    public double Rate { get; init; } = 150;

    public TimeSpan BeatInterval { get; init; } = TimeSpan.FromMilliseconds(400);

    public TimeSpan Lease { get; init; } = TimeSpan.FromMilliseconds(2500);

    /// <summary>How long a session may have two owners where that is not a violation.</summary>
    public TimeSpan ForkBound { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What of the sessions' state outlives their owner; null: sessions keep no state.</summary>
    public SessionDurability? Durability { get; init; }

    /// <summary>What is expected of the state. Less than this on the nodes must be found.</summary>
    public SessionDurability? ExpectedDurability { get; init; }

    /// <summary>With <see cref="SessionDurability.Async"/>: how long a change may wait to be stored.</summary>
    public TimeSpan MaxLag { get; init; } = TimeSpan.FromSeconds(1);

    public bool KeepsCarts => Durability is not null;

    /// <summary>Where histories are kept. Null: a new temporary folder.</summary>
    public string? Output { get; init; }

    /// <summary>Whether two owners are a violation, and not only counted.</summary>
    public bool IsStrict => Mode == ChaosMode.Consistency && !LoseData;
}
