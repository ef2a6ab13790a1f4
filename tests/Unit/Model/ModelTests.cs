using Xunit.Sdk;

namespace StickySessions.Tests.Unit.Model;

/// <summary>
/// The protocol of claims, leases and fences under all faults at once. The seeds are fixed: what is found once is found again.
/// </summary>
public sealed class ModelTests
{
    private static readonly Budget ManyFaults = new()
    {
        Pauses = 3,
        Crashes = 1,
        CutsFromRedis = 2,
        CutsFromPeers = 1,
        LostMessages = 3,
        RedisStops = 1,
        ClockJumps = 1,
        HandOffs = 2,
        Ends = 1,
    };

    private static readonly Dictionary<string, Setup> Setups = new()
    {
        ["consistency"] = new Setup { Faults = ManyFaults },
        ["consistency, slow beats"] = new Setup { Faults = ManyFaults, SlowBeat = 3 },
        ["consistency, long lease"] = new Setup { Faults = ManyFaults, Lease = 5, Fence = 4 },
        ["consistency, two nodes"] = new Setup { Faults = ManyFaults, Nodes = 2, Lease = 3, Fence = 2 },
        ["early expiry"] = new Setup { Faults = ManyFaults with { EarlyExpiries = 2 } },
        ["loss of data"] = new Setup { Faults = ManyFaults with { Flushes = 1, Failovers = 1, ClockJumps = 0 } },
        ["availability, peers reach each other"] = new Setup { Mode = RedisLost.Availability, Faults = new Budget { CutsFromRedis = 4, RedisStops = 2, LostMessages = 3 } },
        ["availability"] = new Setup { Mode = RedisLost.Availability, Faults = ManyFaults with { CutsFromPeers = 2, Pauses = 0 } },
    };

    public static TheoryData<string> Names => [.. Setups.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Model_UnderAllFaults_BreaksNothing(string faults) => Walk(Setups[faults], seeds: 500);

    [Theory(Explicit = true)]
    [MemberData(nameof(Names))]
    public void Model_UnderAllFaultsForLong_BreaksNothing(string faults) => Walk(Setups[faults], seeds: 30_000);

    private static void Walk(Setup setup, int seeds)
    {
        if (Explorer.Walk(setup, seeds, steps: 250) is { } found)
        {
            throw new XunitException(Trace.Of(setup, found));
        }
    }
}
