using System.Globalization;
using StackExchange.Redis;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>
/// Reads what the nodes said of their load in their beats. It stands where they say that they have beaten, so that it costs no command to say
/// and changes no version; and it is read only where new sessions are placed by it.
/// </summary>
internal sealed class RedisLoads(IRedisConnections redis, NodeLoads loads)
{
    /// <summary>A thousand nodes that all read a thousand figures each second would be all that Redis does.</summary>
    private const int NodesPerBeat = 100;

    private readonly RedisKey _seen = ViewKeys.All(redis)[^1];
    private int _beats;

    public string Own => loads.Own.ToString();

    /// <summary>Reads after each beat in a cluster of up to a hundred nodes, after every second one in one of up to two hundred …</summary>
    public async Task ReadIfDueAsync(NodeTag self, ClusterView view)
    {
        if (!loads.AreWanted || ++_beats * NodesPerBeat < view.Nodes.Length)
        {
            return;
        }

        _beats = 0;
        var said = await redis.Beats.GetDatabase().HashGetAllAsync(_seen);

        // This node has just beaten, so its own time is the present one by Redis' clock.
        var own = self.ToString();
        var now = Parse(Array.Find(said, pair => pair.Name == own).Value).Time;
        foreach (var pair in said)
        {
            var (time, load) = Parse(pair.Value);
            if (load is { } known && NodeTag.TryParse(pair.Name, out var tag) && view.Find(tag) is not null)
            {
                loads.Take(tag, known, TimeSpan.FromMilliseconds(Math.Max(0, now - time)));
            }
        }

        loads.Keep(view);
    }

    /// <summary>The load stands behind the version and the time of the beat: <c>12 at 1700000000000 340 5 100</c>.</summary>
    private static (long Time, NodeLoad? Load) Parse(RedisValue said)
        => ((string?)said)?.Split(' ', 4) is [_, _, var time, var text]
            && long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            && NodeLoad.TryParse(text, out var load)
                ? (milliseconds, load)
                : default;
}
