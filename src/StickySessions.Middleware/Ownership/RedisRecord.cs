using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>Records as text: what <see cref="RecordScript"/> does in Lua, for this side of the connection.</summary>
internal static class RedisRecord
{
    public static OwnershipRecord Parse(byte[] value)
    {
        var end = value.AsSpan().IndexOf((byte)'\n');
        var fields = Encoding.ASCII.GetString(value, 0, Math.Max(end, 0)).Split(' ');
        if (fields.Length < 6)
        {
            throw new DirectoryUnavailableException("The record of a session in Redis is none that this version of StickySessions has written.");
        }

        return new OwnershipRecord(
            ParseOwner(fields[1]),
            uint.Parse(fields[2], CultureInfo.InvariantCulture),
            Ended: fields[0] == RecordScript.Ended,
            ParseNonce(fields[3]),
            new StoredState(
                long.Parse(fields[4], CultureInfo.InvariantCulture), int.Parse(fields[5], CultureInfo.InvariantCulture), value.AsMemory(end + 1)));
    }

    public static RecordAnswer ParseAnswer(RedisResult reply)
    {
        var fields = (RedisValue[])reply!;
        var status = (string?)fields[0] switch
        {
            "accepted" => RecordStatus.Accepted,
            "fenced" => RecordStatus.Fenced,
            "late" => RecordStatus.TooLate,
            _ => RecordStatus.Ended,
        };
        return new RecordAnswer(status, ParseOwner(fields[1]), (uint)fields[2], (long)fields[3]);
    }

    public static NodeTag ParseOwner(RedisValue owner) => NodeTag.TryParse(owner, out var tag) ? tag : default;

    public static ulong ParseNonce(RedisValue nonce)
        => ulong.TryParse((string?)nonce, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value) ? value : 0;

    public static ulong NewNonce() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    public static string Text(ulong nonce) => nonce.ToString("x16", CultureInfo.InvariantCulture);

    public static string Milliseconds(TimeSpan span) => ((long)Math.Ceiling(span.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture);
}
