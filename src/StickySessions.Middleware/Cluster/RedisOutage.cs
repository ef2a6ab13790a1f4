using Microsoft.Extensions.Logging;

namespace StickySessions.Cluster;

/// <summary>Whether Redis is away, as the beats see it: said once when it goes and once when it is back.</summary>
internal sealed class RedisOutage(TimeProvider time, ILogger logger)
{
    private long _since;
    private volatile string? _description;

    public bool IsOngoing => _description is not null;

    /// <summary>One sentence for health checks; null while Redis answers.</summary>
    public string? Description => _description;

    public void Begin(Exception failure)
    {
        if (!IsOngoing)
        {
            _since = time.GetTimestamp();
            logger.RedisAway(failure.Message);
        }

        _description = $"Redis is away ({failure.GetType().Name}): the view of the cluster is kept as it was. It heals when Redis can be reached again; "
            + "see StickySessions:Redis:Configuration.";
    }

    public void End()
    {
        if (IsOngoing)
        {
            logger.RedisBack(time.GetElapsedTime(_since).TotalSeconds);
            _description = null;
        }
    }
}
