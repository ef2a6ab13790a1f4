using StickySessions.Cluster;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

internal static class Nodes
{
    public static Node New(uint sequence, string? name = null, int weight = 100, NodeState state = NodeState.Active, params NodeTag[] formerTags) => new()
    {
        Tag = new NodeTag(sequence, sequence * 7919),
        Name = name ?? $"web-{sequence}",
        Address = new Uri($"http://10.0.0.{sequence}:6001"),
        Weight = weight,
        State = state,
        FormerTags = [.. formerTags],
    };

    public static ClusterView View(params IEnumerable<Node> nodes) => new(1, 0, nodes);
}
