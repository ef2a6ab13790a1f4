using System.Diagnostics;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>Which changes of carts may be lost.</summary>
/// <param name="Durability">How the nodes are expected to store them.</param>
/// <param name="StoredWithin">With <see cref="SessionDurability.Async"/>: how long a change may take until it is stored, where nothing is wrong.</param>
/// <param name="Recovery">How long after a fault nodes may need to store as ever.</param>
internal sealed record CartPromise(SessionDurability Durability, TimeSpan StoredWithin, TimeSpan Recovery)
{
    /// <summary>The time that the writing takes, on a machine that is busy.</summary>
    private static readonly TimeSpan WritingTakes = TimeSpan.FromSeconds(1);

    /// <summary>Nothing is lost when a node drains, and clocks do not matter.</summary>
    private static readonly string[] HarmlessFaults = ["drain", "join", ClockSkew.Kind];

    /// <returns>Null if there are no carts.</returns>
    public static CartPromise? Of(ChaosOptions options) => options.Durability is { } durability
        ? new CartPromise(options.ExpectedDurability ?? durability, options.MaxLag + WritingTakes, 2 * options.Lease)
        : null;

    /// <summary>Whether the change of a request may be lost: Redis, or the node that ran it, failed before it had to be stored.</summary>
    public bool MayLose(Execution change, IEnumerable<FaultRecord> faults) => Durability switch
    {
        SessionDurability.None => true,
        SessionDurability.Async => faults.Any(fault => IsOf(fault, change.By.Process.Split('#')[0])
            && fault.Began <= (change.Ended ?? change.Began) + Ticks(StoredWithin)
            && fault.Ended + Ticks(Recovery) >= change.Began),
        _ => false,
    };

    private static bool IsOf(FaultRecord fault, string node)
        => !HarmlessFaults.Contains(fault.Kind) && (fault.Targets.Contains("redis") || fault.Targets.Contains(node));

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);
}
