using System.Globalization;
using System.Security.Cryptography;
using StackExchange.Redis;
using StickySessions.Redis;

namespace StickySessions.Cluster;

internal enum BeatMode
{
    /// <summary>Reads the view and writes nothing.</summary>
    Look,

    /// <summary>Joins, if no node of the same name has joined since the view that the caller has checked.</summary>
    Join,

    /// <summary>Renews the lease, announces this node if it changed, expires others.</summary>
    Beat,
}

internal enum BeatOutcome
{
    Ok,

    /// <summary>There is no view: a new cluster, or Redis was flushed.</summary>
    Empty,

    /// <summary>The view was lost, or went back in time: beat again with the last view attached.</summary>
    ViewWanted,

    /// <summary>This node was declared gone: it needs a new tag.</summary>
    Gone,

    /// <summary>Another view than the one the caller looked at, or a node of its name in it: look again before joining.</summary>
    Raced,
}

/// <param name="Mode">What to do.</param>
/// <param name="Known">The last view of the caller.</param>
/// <param name="Tag">The caller's tag; when it joins only the random part.</param>
/// <param name="Entry">The caller's entry; empty when it only looks.</param>
/// <param name="WithView">Whether the last view is attached, to rebuild what Redis lost.</param>
/// <param name="Distrust">Whether another server may answer now than before: then changes do not suffice unless the histories are one.</param>
/// <param name="WithKeys">Whether the cluster's keys are asked for as well.</param>
/// <param name="Load">How loaded the caller is. It stands beside the view and raises no version.</param>
internal readonly record struct BeatQuestion(
    BeatMode Mode, KnownView Known, string Tag, string Entry, bool WithView, bool Distrust, bool WithKeys = false, string Load = "");

/// <param name="Outcome">What happened; the rest is there with <see cref="BeatOutcome.Ok"/> and <see cref="BeatOutcome.Gone"/>.</param>
/// <param name="Generation">Changes when the view was lost and rebuilt.</param>
/// <param name="Version">The version of the view.</param>
/// <param name="Sequence">The highest join sequence number ever given.</param>
/// <param name="Tag">The caller's tag.</param>
/// <param name="IsFull">Whether the entries are the whole view, and not only what changed.</param>
/// <param name="Mark">What this version is called in the history that it belongs to.</param>
/// <param name="IsSettled">Whether the view is so old that a node that is missing in it is gone for good.</param>
/// <param name="Keys">The cluster's keys as Redis has them, if they were asked for.</param>
/// <param name="StoreTime">When the script ran, by the clock of Redis.</param>
/// <param name="Entries">Tag, entry, tag, entry …</param>
internal readonly record struct BeatAnswer(
    BeatOutcome Outcome,
    string Generation = "",
    long Version = 0,
    uint Sequence = 0,
    string Tag = "",
    bool IsFull = false,
    string Mark = "",
    bool IsSettled = true,
    RedisValue[]? Keys = null,
    DateTimeOffset StoreTime = default,
    RedisResult[]? Entries = null);

/// <summary>The one script by which nodes join, beat, announce themselves, leave, expire others and learn the view.</summary>
internal sealed class RedisBeat(IRedisConnections redis, StickyRedisOptions options)
{
    /// <summary>How long a node that is gone is remembered as such. Whoever was away for longer is told that it is gone as well.</summary>
    public static readonly TimeSpan RememberGone = TimeSpan.FromHours(1);

    private readonly RedisKey[] _keys = [.. ViewKeys.All(redis), RedisClusterKeys.Key(redis)];

    public async Task<BeatAnswer> SendAsync(BeatQuestion question)
    {
        RedisValue[] arguments =
        [
            question.Mode.ToString(),
            question.Known.Generation,
            question.Known.Version,
            question.Known.Sequence,
            question.Tag,
            question.Entry,
            (long)options.Lease.TotalMilliseconds,
            (long)options.BeatInterval.TotalMilliseconds,
            (long)RememberGone.TotalMilliseconds,
            RandomNumberGenerator.GetHexString(16, lowercase: true),
            (string)ViewKeys.Events(redis)!,
            question.Distrust ? "1" : "0",
            question.WithKeys ? "1" : "0",
            question.Known.Mark,
            question.Load,
            .. question.WithView ? question.Known.Entries.SelectMany(pair => new RedisValue[] { pair.Key.ToString(), pair.Value }) : [],
        ];
        var answer = (RedisResult[])(await redis.Beats.GetDatabase().EvaluateAsync(Script, _keys, arguments))!;
        var outcome = Enum.Parse<BeatOutcome>((string)answer[0]!);
        return answer.Length == 1
            ? new BeatAnswer(outcome)
            : new BeatAnswer(
                outcome,
                (string)answer[1]!,
                Number(answer[2]),
                (uint)Number(answer[3]),
                (string)answer[4]!,
                (string)answer[5]! == "1",
                (string)answer[6]!,
                (string)answer[7]! == "1",
                (RedisValue[]?)answer[8],
                DateTimeOffset.FromUnixTimeMilliseconds(Number(answer[9])),
                answer[10..]);
    }

    private static long Number(RedisResult text) => long.Parse((string)text!, CultureInfo.InvariantCulture);

    private const string Script =
        """
        local nodes, leases, changes, gone, meta, seen, keys = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
        local mode, known_generation, known_version, known_sequence = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
        local tag, entry = ARGV[5], ARGV[6]
        local lease, beat, remember = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
        local distrust, with_keys = ARGV[12] == '1', ARGV[13] == '1'
        local known_mark = ARGV[14]
        local load = ARGV[15]
        local first_of_view = 16
        local GONE = '3'
        local MARKS = 1000

        -- Numbers become text here and nowhere else: Lua versions disagree about large ones.
        local function text(number) return string.format('%.0f', number) end
        local function is_gone(value) return string.sub(value, 1, 1) == GONE end

        local clock = redis.call('TIME')
        local seconds = tonumber(clock[1])
        local now = seconds * 1000 + math.floor(tonumber(clock[2]) / 1000)

        local stored = redis.call('HMGET', meta, 'generation', 'version', 'sequence', 'floor', 'beat', 'told', 'untold', 'mark', 'settles')
        local generation = stored[1]
        local version, sequence = tonumber(stored[2] or '0'), tonumber(stored[3] or '0')
        local floor, last_beat = tonumber(stored[4] or '0'), tonumber(stored[5] or '0')
        local told, untold, mark = tonumber(stored[6] or '0'), stored[7] == '1', stored[8] or ''
        local settles = tonumber(stored[9] or '0')

        -- A version that has the same mark here as at the caller came about in the same way, or this view was rebuilt from it.
        local is_same_history = known_mark ~= '' and redis.call('HGET', meta, 'mark of ' .. text(known_version)) == known_mark
        distrust = distrust and not is_same_history

        if mode == 'Look' and not generation then return {'Empty'} end
        if mode == 'Join' then
          if (generation or '') ~= known_generation or version < known_version then return {'Raced'} end
          -- Names hold nothing that JSON escapes, so equal names are equal text.
          local name = string.match(entry, '"name":"[^"]*"')
          for _, which in ipairs(redis.call('ZRANGEBYSCORE', changes, '(' .. text(known_version), '+inf')) do
            local other = redis.call('HGET', nodes, which)
            if not is_gone(other) and string.find(other, name, 1, true) then return {'Raced'} end
          end
        end

        -- 1. The view that the caller knows is not an earlier one of this: Redis was flushed, or failed over to a replica that was behind.
        local lost = mode == 'Beat' and not is_same_history and (generation ~= known_generation or known_version > version
          or (distrust and redis.call('HEXISTS', nodes, tag) == 0))
        if lost and #ARGV < first_of_view then return {'ViewWanted'} end

        -- 2. Every change of this beat has one version, higher than all that the caller or Redis has ever seen.
        local changed = false
        local function change()
          if not changed then version = math.max(version, known_version) + 1 end
          changed = true
        end
        local function write(which, value)
          change()
          redis.call('HSET', nodes, which, value)
          redis.call('ZADD', changes, text(version), which)
        end
        local function renew(which) redis.call('ZADD', leases, text(now + lease), which) end
        local function bury(which, value)
          write(which, GONE .. string.sub(value, 2))
          redis.call('ZREM', leases, which)
          redis.call('HDEL', seen, which)
          redis.call('ZADD', gone, text(now), which)
        end

        -- 3. Nobody could beat, or the clock was set back: it was Redis, not the nodes.
        if mode ~= 'Look' and (now < last_beat or now - last_beat > 2 * beat) then
          for _, which in ipairs(redis.call('ZRANGE', leases, 0, -1)) do renew(which) end
          if settles > 0 then settles = now < last_beat and now + lease or settles + now - last_beat end
        end

        -- 4. Rebuild what was lost from the caller's last view. Who is gone stays so. Who is missing is not gone for as long as a lease: by
        -- then it has come back, or serves nothing any more. From then on it is, and does not come back, nor in another's view.
        if mode ~= 'Look' then
          sequence = math.max(sequence, known_sequence)
          if settles > 0 and now >= settles then
            -- Those that joined in the same second as the first of this generation must not seem newer than it for ever.
            settles, sequence = 0, math.max(sequence, seconds)
          end
        end
        if mode ~= 'Look' and (not generation or (lost and generation == known_generation)) then
          generation = ARGV[10]
          settles = now + lease
          change()
        end
        local is_empty = not stored[1]
        if lost then
          change()
          if is_empty and known_mark ~= '' then redis.call('HSET', meta, 'mark of ' .. text(known_version), known_mark) end
          for i = first_of_view, #ARGV, 2 do
            local which, value = ARGV[i], ARGV[i + 1]
            local present = redis.call('HGET', nodes, which)
            if is_gone(value) then
              if not present or not is_gone(present) then bury(which, value) end
            elseif not present and settles > 0 then
              write(which, value)
              renew(which)
            end
            -- Whoever knew the same need not be told.
            if is_empty then redis.call('ZADD', changes, text(known_version), which) end
          end
        end

        -- 5. The caller.
        local outcome = 'Ok'
        if mode == 'Join' then
          sequence = math.max(sequence + 1, seconds)
          tag = string.format('%x', sequence) .. '-' .. tag
          write(tag, entry)
          renew(tag)
        elseif mode == 'Beat' then
          local mine = redis.call('HGET', nodes, tag)
          if is_gone(entry) then
            if mine and not is_gone(mine) then bury(tag, entry) end
          elseif not mine or is_gone(mine) then
            outcome = 'Gone'
          else
            if mine ~= entry then write(tag, entry) end
            renew(tag)
            redis.call('HSET', seen, tag, (lost and '0' or ARGV[3]) .. ' at ' .. text(now) .. ' ' .. load)
          end
        end

        -- 6. The others: leases end here and nowhere else.
        if mode ~= 'Look' then
          for _, which in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', text(now))) do
            bury(which, redis.call('HGET', nodes, which) or GONE)
          end
          for _, which in ipairs(redis.call('ZRANGEBYSCORE', gone, '-inf', text(now - remember))) do
            floor = math.max(floor, tonumber(redis.call('ZSCORE', changes, which) or '0'))
            redis.call('HDEL', nodes, which)
            redis.call('ZREM', changes, which)
            redis.call('ZREM', gone, which)
          end
          -- Each word goes to every node: among many nodes those that follow closely wait for the next beat of anybody.
          if changed then
            mark = ARGV[10]
            redis.call('HSET', meta, 'mark of ' .. text(version), mark)
            redis.call('HDEL', meta, 'mark of ' .. text(version - MARKS))
          end
          untold = untold or changed
          if untold and (now < told or now - told >= math.floor(redis.call('ZCARD', leases) / 10)) then
            redis.call('PUBLISH', ARGV[11], 'changed ' .. text(version))
            told, untold = now, false
          end
          redis.call('HSET', meta, 'generation', generation, 'version', text(version), 'sequence', text(sequence),
            'floor', text(floor), 'beat', text(now), 'told', text(told), 'untold', untold and '1' or '0', 'mark', mark,
            'settles', text(settles))
        end

        -- 7. What the caller does not know: the changes since its version, or all.
        local deltas = (known_generation == generation or is_same_history) and not lost and known_version >= floor and not distrust
        local answer = {outcome, generation, text(version), text(sequence), tag, deltas and '0' or '1', mark, settles == 0 and '1' or '0',
          with_keys and redis.call('HGETALL', keys) or {}, text(now)}
        if deltas then
          for _, which in ipairs(redis.call('ZRANGEBYSCORE', changes, '(' .. text(known_version), '+inf')) do
            answer[#answer + 1] = which
            answer[#answer + 1] = redis.call('HGET', nodes, which)
          end
        else
          for _, part in ipairs(redis.call('HGETALL', nodes)) do answer[#answer + 1] = part end
        end
        return answer
        """;
}
