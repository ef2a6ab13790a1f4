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
    public async Task ReadIfDueAsync(ClusterView view)
    {
        if (!loads.AreWanted || ++_beats * NodesPerBeat < view.Nodes.Length)
        {
            return;
        }

        _beats = 0;
        foreach (var said in await redis.Beats.GetDatabase().HashGetAllAsync(_seen))
        {
            if (NodeTag.TryParse(said.Name, out var tag) && view.Find(tag) is not null && NodeLoad.TryParse(LoadOf(said.Value), out var load))
            {
                loads.Take(tag, load);
            }
        }

        loads.Keep(view);
    }

    /// <summary>Behind the version and the time of the beat: <c>12 at 1700000000000 340 5 100</c>.</summary>
    private static string? LoadOf(RedisValue said) => ((string?)said)?.Split(' ', 4) is [_, _, _, var load] ? load : null;
}
