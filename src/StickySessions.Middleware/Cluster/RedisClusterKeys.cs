using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>
/// The cluster's keys, made once and kept in Redis: a hash of names to secrets (base64), and which one is <c>current</c>. An operator
/// rotates by adding a second one and then changing <c>current</c>; the others stay valid until they are removed.
/// </summary>
internal sealed class RedisClusterKeys(IRedisConnections redis) : IClusterKeys
{
    private const string CurrentField = "current";
    private const int SecretLength = 32;

    private readonly RedisKey[] _keys = [Key(redis)];
    private Secrets? _secrets;

    public KeyRing Current => Volatile.Read(ref _secrets)?.Ring
        ?? throw new InvalidOperationException("No cluster keys are known yet: Redis has not answered since this node started.");

    public bool AreKnown => Volatile.Read(ref _secrets) is not null;

    /// <summary>Hash: name of a key to its secret, and which one is current.</summary>
    public static RedisKey Key(IRedisConnections redis) => redis.Key("keys");

    /// <summary>Takes the keys that Redis has, as somebody has read them.</summary>
    /// <returns>Whether it has any.</returns>
    public bool TryTake(RedisValue[] found)
    {
        if (Parse(found) is not { } secrets)
        {
            return false;
        }

        if (!secrets.IsSame(Volatile.Read(ref _secrets)))
        {
            Volatile.Write(ref _secrets, secrets);
        }

        return true;
    }

    /// <summary>Reads the keys. If Redis has none, or was flushed, the keys that this node knows are published again.</summary>
    /// <param name="wasFlushed">Redis may hold the keys of a newcomer: then both are kept.</param>
    public Task RefreshAsync(bool wasFlushed) => SyncAsync(Volatile.Read(ref _secrets), wasFlushed);

    /// <summary>Makes the keys, unless another node has made them first.</summary>
    public Task MakeAsync()
    {
        var name = RandomNumberGenerator.GetHexString(8, lowercase: true);
        var secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(SecretLength));
        return SyncAsync(new Secrets(name, [new(name, secret)]), wasFlushed: false);
    }

    private async Task SyncAsync(Secrets? known, bool wasFlushed)
    {
        RedisValue[] arguments =
        [
            known?.Current ?? "",
            wasFlushed ? "1" : "0",
            .. known?.Fields.SelectMany(field => new RedisValue[] { field.Key, field.Value }) ?? [],
        ];
        TryTake((RedisValue[])(await redis.Beats.GetDatabase().EvaluateAsync(Script, _keys, arguments))!);
    }

    private static Secrets? Parse(RedisValue[] answer)
    {
        var fields = answer.Chunk(2).ToDictionary(pair => (string)pair[0]!, pair => (string)pair[1]!, StringComparer.Ordinal);
        return fields.Remove(CurrentField, out var current) && fields.ContainsKey(current)
            ? new Secrets(current, [.. fields.OrderBy(field => field.Key, StringComparer.Ordinal)])
            : null;
    }

    private const string Script =
        """
        local keys = KEYS[1]
        if redis.call('EXISTS', keys) == 0 or ARGV[2] == '1' then
          for i = 3, #ARGV, 2 do redis.call('HSETNX', keys, ARGV[i], ARGV[i + 1]) end
          if ARGV[1] ~= '' then redis.call('HSETNX', keys, 'current', ARGV[1]) end
        end
        return redis.call('HGETALL', keys)
        """;

    private sealed class Secrets(string current, KeyValuePair<string, string>[] fields)
    {
        public string Current => current;

        public KeyValuePair<string, string>[] Fields => fields;

        public KeyRing Ring { get; } = new(
            Key(fields.First(field => field.Key == current)),
            fields.Select(Key));

        public bool IsSame(Secrets? other) => other?.Current == Current && other.Fields.SequenceEqual(Fields);

        // What an operator types need not be base64 to be a good secret.
        private static ClusterKey Key(KeyValuePair<string, string> field)
        {
            var bytes = new byte[Encoding.UTF8.GetByteCount(field.Value)];
            return new ClusterKey(Convert.TryFromBase64String(field.Value, bytes, out var written)
                ? bytes.AsSpan(0, written)
                : Encoding.UTF8.GetBytes(field.Value));
        }
    }
}
