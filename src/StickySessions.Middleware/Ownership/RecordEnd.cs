using StackExchange.Redis;

namespace StickySessions.Ownership;

/// <summary>Leaves a tombstone in the record's place.</summary>
internal static class RecordEnd
{
    public static RedisValue[] Arguments(uint epoch, TimeSpan keepFor) => [epoch, RedisRecord.Milliseconds(keepFor)];

    // Whoever ends it, at whatever epoch: a logout must hold even if the node that heard it has just lost the session.
    public const string Script = RecordScript.Prelude + """
        if kind ~= 'ended' then store('ended', '-', math.max(epoch, tonumber(ARGV[1])) + 1, '-', 0, '0', '', ARGV[2]) end
        return 1
        """;
}
