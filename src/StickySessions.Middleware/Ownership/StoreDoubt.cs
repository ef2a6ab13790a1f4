using Microsoft.Extensions.Options;
using StickySessions.Redis;

namespace StickySessions.Ownership;

/// <summary>
/// When Redis was last found to have been away, or to have lost writes. Until every node that lives has noticed it and pushed its records, a
/// record that is missing, or that names this node, says little. Safe for concurrent use.
/// </summary>
internal sealed class StoreDoubt(IOptions<StickyRedisOptions> options, TimeProvider time)
{
    private long _arose = -1;

    /// <summary>A node that has not had an answer from Redis for a lease is gone. One that has pushes within <see cref="RecordUpkeep.LongestDelayOfAPush"/>.</summary>
    public TimeSpan Lasts { get; } = options.Value.Lease + RecordUpkeep.LongestDelayOfAPush;

    public bool IsRecent => Volatile.Read(ref _arose) is >= 0 and var arose && time.GetElapsedTime(arose) < Lasts;

    public void Arise() => Volatile.Write(ref _arose, time.GetTimestamp());
}
