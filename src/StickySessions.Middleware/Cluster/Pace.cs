namespace StickySessions.Cluster;

/// <summary>
/// When nodes do what all of them do. Each picks a moment of its own, and the more nodes there are, the longer the span they pick from:
/// so Redis sees a rate that does not grow with the cluster.
/// </summary>
internal static class Pace
{
    /// <summary>Two thousand beats a second when the view changes: what a small Redis does beside its other work.</summary>
    private static readonly TimeSpan BeatOfOneNode = TimeSpan.FromMilliseconds(0.5);

    private static readonly TimeSpan WholeViewOfOneNode = TimeSpan.FromMilliseconds(2);

    /// <summary>Two confirm a suspicion, and in the time to object a few dozen can.</summary>
    private static readonly TimeSpan ConfirmationOfOneNode = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// Less than the interval by up to a twentieth: nodes that were started, or heard of a change, together drift apart. Never more, as
    /// leases are measured in intervals.
    /// </summary>
    public static TimeSpan Regular(TimeSpan interval) => interval * (1 - (Random.Shared.NextDouble() / 20));

    /// <summary>The span in which all nodes beat because the view has changed.</summary>
    public static TimeSpan OfBeats(ClusterView view, TimeSpan atMost) => Shorter(view.Nodes.Length * BeatOfOneNode, atMost);

    /// <summary>The span in which all nodes look at one that is suspected; hardly any has to, as the first two decide.</summary>
    public static TimeSpan OfConfirmations(ClusterView view, TimeSpan atMost) => Shorter(view.Nodes.Length * ConfirmationOfOneNode, atMost);

    /// <summary>The span in which all nodes would send and get the whole view, because Redis has lost it.</summary>
    public static TimeSpan OfRebuilding(ClusterView view, TimeSpan atMost) => Shorter(view.Nodes.Length * WholeViewOfOneNode, atMost);

    public static TimeSpan MomentIn(TimeSpan span) => Random.Shared.NextDouble() * span;

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
