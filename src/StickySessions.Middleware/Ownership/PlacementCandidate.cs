using StickySessions.Cluster;

namespace StickySessions.Ownership;

/// <summary>A node that may take a new session.</summary>
/// <param name="Node">The node.</param>
/// <param name="Load">Sessions held, requests running, and what was placed there since it said so.</param>
/// <param name="Share">Which part of its weight it takes now, in percent.</param>
internal readonly record struct PlacementCandidate(Node Node, long Load, int Share)
{
    /// <summary>Its weight now.</summary>
    public double Weight => Node.Weight * (Share / 100.0);

    /// <summary>How loaded it would be with one more session, for its weight.</summary>
    public double LoadWithOneMore => (Load + 1) / (double)Node.Weight;
}
