using StackExchange.Redis;

namespace StickySessions.Redis;

/// <summary>A cluster that keeps its view, its keys and its records in Redis. Configuration section <c>StickySessions:Redis</c>.</summary>
public sealed class StickyRedisOptions
{
    /// <summary>
    /// The connection string of StackExchange.Redis, for instance <c>redis-1:6379,password=…</c>. Setting it chooses Redis
    /// membership. <c>connectTimeout</c>, <c>asyncTimeout</c> and <c>syncTimeout</c> are 1000 milliseconds each unless it says
    /// otherwise; longer ones delay the notice that Redis is away. Default: null.
    /// </summary>
    public string? Configuration { get; set; }

    /// <summary>Changes the parsed connection settings from code, for instance to set credentials. Default: null.</summary>
    public Action<ConfigurationOptions>? Configure { get; set; }

    /// <summary>
    /// Names the cluster: nodes with the same Redis and the same name form one. 1 to 64 of letters, digits, <c>-</c>, <c>_</c> and
    /// <c>.</c>. Default: <c>sticky</c>.
    /// </summary>
    public string ClusterName { get; set; } = "sticky";

    /// <summary>How often a node renews its lease and refreshes its view, 100 milliseconds to 10 seconds. Default: 1 second.</summary>
    public TimeSpan BeatInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a node that does not beat stays in the view, at least three beats, at most 5 minutes. Default: 5 seconds.
    /// </summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether a node counts as gone before its lease ends when connects to it are refused, on its interconnect and its public
    /// address, and a second node confirms it (if there is one). Evidence, not proof. Default: true.
    /// </summary>
    public bool ExpireOnRefused { get; set; } = true;
}
