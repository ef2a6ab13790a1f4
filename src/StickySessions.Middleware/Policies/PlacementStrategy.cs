namespace StickySessions.Policies;

/// <summary>Where a new session begins. Only nodes that are active take one.</summary>
public enum PlacementStrategy
{
    /// <summary>At the node that received its first request: no request is forwarded as long as the balancer keeps to that node.</summary>
    Here,

    /// <summary>
    /// At the node with the least load for its weight. Exact while few nodes receive requests; many that look at the same figures all choose
    /// the same node until the next figures.
    /// </summary>
    LeastLoaded,

    /// <summary>
    /// At the less loaded of two nodes that are drawn at random by weight (Mitzenmacher, "The Power of Two Choices in Randomized Load
    /// Balancing", 2001): nearly as even, and robust however many nodes choose and however old their figures are.
    /// </summary>
    PowerOfTwoChoices,

    /// <summary>By a weighted rendezvous hash of the new session's id: an even spread of what is new, whatever there is.</summary>
    Hash,
}
