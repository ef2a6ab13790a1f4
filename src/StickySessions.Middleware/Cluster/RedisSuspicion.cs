using System.Security.Cryptography;
using StackExchange.Redis;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

internal enum Evidence
{
    /// <summary>None: only ask how things stand.</summary>
    None,

    /// <summary>Connects to the node are refused, as seen by the reporter.</summary>
    Refused,

    /// <summary>
    /// The same, seen by one that was told of a suspicion. It opens none: a node that beats, but not where it says, would be suspected
    /// by all others again and again.
    /// </summary>
    Confirmed,

    /// <summary>A new process with the node's name did not find it at its address.</summary>
    Replaced,
}

internal enum Verdict
{
    Undecided,

    /// <summary>It has beaten since the beat that the caller knew of.</summary>
    Alive,

    Gone,
}

/// <param name="Verdict">Whether it is decided.</param>
/// <param name="LastBeat">The node's last beat as Redis knows it: to be sent with the next question.</param>
internal readonly record struct SuspicionAnswer(Verdict Verdict, string LastBeat);

/// <summary>The script that collects evidence against a node and declares it gone before its lease ends.</summary>
internal sealed class RedisSuspicion(IRedisConnections redis, StickyRedisOptions options)
{
    /// <summary>
    /// How long the accused has to beat, which clears it. A process that runs does so at once when it learns of the suspicion, so a
    /// node whose address is merely wrong is not declared gone.
    /// </summary>
    public static readonly TimeSpan Objection = TimeSpan.FromMilliseconds(200);

    private readonly RedisKey[] _keys = ViewKeys.All(redis);

    public async Task<SuspicionAnswer> ReportAsync(NodeTag accused, NodeTag reporter, Evidence evidence, string lastBeat)
    {
        RedisKey[] keys = [.. _keys, ViewKeys.Suspicion(redis, accused.ToString())];
        RedisValue[] arguments =
        [
            accused.ToString(),
            reporter.ToString(),
            evidence.ToString(),
            lastBeat,
            (long)options.Lease.TotalMilliseconds,
            (long)options.BeatInterval.TotalMilliseconds,
            (long)Objection.TotalMilliseconds,
            (string)ViewKeys.Events(redis)!,
            RandomNumberGenerator.GetHexString(16, lowercase: true),
        ];
        var answer = (RedisResult[])(await redis.Beats.GetDatabase().EvaluateAsync(Script, keys, arguments))!;
        return new SuspicionAnswer(Enum.Parse<Verdict>((string)answer[0]!), (string)answer[1]!);
    }

    private const string Script =
        """
        local nodes, leases, changes, gone, meta, seen, suspicion = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
        local accused, reporter, evidence, known_beat = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
        local lease, beat, objection = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
        local GONE = '3'

        local function text(number) return string.format('%.0f', number) end
        local clock = redis.call('TIME')
        local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

        -- 1. Is it decided already? Unknown is not gone: then its lease, or its return, decides.
        local entry = redis.call('HGET', nodes, accused)
        if not entry then return {'Undecided', known_beat} end
        if string.sub(entry, 1, 1) == GONE then return {'Gone', known_beat} end
        local last_beat = redis.call('HGET', seen, accused) or '-'
        local function has_beaten_since(known) return known ~= last_beat and last_beat ~= '-' end
        if known_beat ~= '' and has_beaten_since(known_beat) then return {'Alive', last_beat} end
        if evidence == 'None' then return {'Undecided', last_beat} end

        -- 2. Collect what reporters say. A beat since the first of them clears the accused.
        local replaced = evidence == 'Replaced'
        if not replaced and not redis.call('ZSCORE', leases, reporter) then return {'Undecided', last_beat} end
        if evidence == 'Confirmed' and redis.call('EXISTS', suspicion) == 0 then return {'Undecided', last_beat} end
        local accused_since = redis.call('HGET', suspicion, 'beat')
        if accused_since and has_beaten_since(accused_since) then
          redis.call('DEL', suspicion)
          return {'Alive', last_beat}
        end
        local is_new = redis.call('HSETNX', suspicion, 'since', text(now)) == 1
        redis.call('HSETNX', suspicion, 'beat', last_beat)
        -- Who replaces it is no node yet, and confirms nothing that a node has seen.
        if not replaced then is_new = redis.call('HSET', suspicion, reporter, '1') == 1 end
        redis.call('PEXPIRE', suspicion, text(lease))
        -- Told twice, as one word may be lost. Each goes to every node, and two that see it are enough.
        if is_new and redis.call('HLEN', suspicion) <= 4 then redis.call('PUBLISH', ARGV[8], 'suspected ' .. accused) end

        -- 3. It may object. Then a second node must confirm, unless none is left that could: those that missed two beats cannot.
        local enough = now - tonumber(redis.call('HGET', suspicion, 'since')) >= objection
        if enough and not replaced then
          local reporters = redis.call('HLEN', suspicion) - 2
          local recent = now + lease - 2 * beat
          local function has_beaten_recently(which) return tonumber(redis.call('ZSCORE', leases, which) or '0') > recent end
          local others = redis.call('ZCOUNT', leases, '(' .. text(recent), '+inf')
          if has_beaten_recently(accused) then others = others - 1 end
          if has_beaten_recently(reporter) then others = others - 1 end
          enough = reporters >= 2 or others == 0
        end
        if not enough then return {'Undecided', last_beat} end

        -- 4. Gone, for everybody, in this step.
        local version = text(tonumber(redis.call('HGET', meta, 'version') or '0') + 1)
        redis.call('HSET', nodes, accused, GONE .. string.sub(entry, 2))
        redis.call('ZADD', changes, version, accused)
        redis.call('ZREM', leases, accused)
        redis.call('HDEL', seen, accused)
        redis.call('ZADD', gone, text(now), accused)
        redis.call('HSET', meta, 'version', version, 'mark', ARGV[9], 'mark of ' .. version, ARGV[9])
        redis.call('DEL', suspicion)
        redis.call('PUBLISH', ARGV[8], 'changed ' .. version)
        return {'Gone', last_beat}
        """;
}
