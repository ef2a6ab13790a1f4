using System.Text;

namespace StickySessions.Tests.Unit.Model;

/// <summary>A history as text: one line for each move, with what it changes.</summary>
internal static class Trace
{
    public static string Of(Setup setup, IReadOnlyList<Move> moves)
    {
        var (world, text) = (Explorer.Start(setup), new StringBuilder());
        text.AppendLine($"t=0 {string.Join("; ", States(world))}");
        foreach (var move in moves)
        {
            var (what, before) = (move.Text(world), world);
            world = world.Apply(move);
            text.AppendLine($"t={world.Now,-3} {what,-62} {string.Join("; ", States(world).Except(States(before)))}".TrimEnd());
        }

        return text.Append($"=> {world.Ghost.Violation ?? "nothing is broken"}").ToString();
    }

    private static IEnumerable<string> States(World world) => world.Nodes.Select(node => State(world, node)).Prepend($"{world.Redis}");

    private static string State(World world, NodeState node)
    {
        var held = node.Held is { } session ? $", holds epoch {session.Epoch} as {session.Under}{(session.Ended ? " (ended)" : "")}{(session.IsVerified ? "" : " (unverified)")}" : "";
        var faults = $"{(node.IsPaused ? ", paused" : "")}{(node.IsCutFromRedis ? ", cut from Redis" : "")}{(node.IsCutFromPeers ? ", cut from its peers" : "")}";
        return $"{node.Name} is {(node.Tag.IsNone ? "joining" : node.Tag)}, {(world.MayServe(node, node.Tag) ? $"serves until {node.Deadline}" : "serves nothing")}{held}{faults}";
    }
}
