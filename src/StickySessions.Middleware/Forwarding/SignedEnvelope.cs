using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using StickySessions.Tokens;

namespace StickySessions.Forwarding;

/// <summary>What an envelope is for. Part of what is signed, so that one can never pass for another.</summary>
internal enum EnvelopeKind : byte
{
    /// <summary>Of one request: its method and target are signed, too.</summary>
    Request = 1,

    /// <summary>Of a question to a peer.</summary>
    Question = 2,

    /// <summary>
    /// Of any request of one session over one client's connection. It vouches for who asks and not for what is asked, so it is not
    /// used where it would vouch for a client's certificate.
    /// </summary>
    Standing = 3,
}

/// <summary>An envelope whose signature holds. Answers are bound to its <see cref="Mac"/>, which is unique (there is a nonce).</summary>
internal readonly record struct OpenedEnvelope(EnvelopeKind Kind, ClusterKey Key, UInt128 Mac, DateTimeOffset Issued, ReadOnlyMemory<byte> Content);

/// <summary>The sealed text and what an answer to it must be bound to.</summary>
internal readonly record struct SealedEnvelope(string Text, ClusterKey Key, UInt128 Mac);

/// <summary>
/// Signs envelopes and opens them: version, kind, key id, issue time, nonce, content, then 128 bits of HMAC-SHA256 over all of
/// this and, unless it is a standing one, the method and target of the request that carries it.
/// </summary>
internal static class SignedEnvelope
{
    /// <summary>
    /// How far an envelope's issue time may be from this node's clock, either way. Clocks of nodes differ and a request may wait for a
    /// connection; an envelope is no licence for longer, because the interconnect's network may be observed.
    /// </summary>
    public static readonly TimeSpan AcceptWindow = TimeSpan.FromMinutes(5);

    /// <summary>A client certificate of several kilobytes fits; more is refused before it is decoded.</summary>
    public const int MaxTextLength = 64 * 1024;

    private const byte Version = 1;
    private const int MacLength = 16;
    private const int PrefixLength = 1 + 1 + 4 + 8 + 8;

    // Unique is enough, it need not be secret: it starts at random, so no two processes count through the same numbers.
    private static ulong _nonce = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>Begins an envelope; the caller writes the content next and calls <see cref="Seal"/>.</summary>
    public static void Begin(ref EnvelopeWriter writer, EnvelopeKind kind, ClusterKey key, DateTimeOffset now)
    {
        writer.Byte(Version);
        writer.Byte((byte)kind);
        writer.UInt32(key.Id);
        writer.Int64(now.ToUnixTimeMilliseconds());
        writer.UInt64(Interlocked.Increment(ref _nonce));
    }

    public static SealedEnvelope Seal(ref EnvelopeWriter writer, ClusterKey key, string method, string target)
    {
        var length = writer.Length;
        var mac = Sign(ref writer, key, method, target);
        writer.Truncate(length);
        writer.UInt128(mac);
        return new SealedEnvelope(Base64Url.EncodeToString(writer.Written), key, mac);
    }

    public static bool IsOfThisTime(DateTimeOffset issued, DateTimeOffset now) => (now - issued).Duration() <= AcceptWindow;

    public static bool TryOpen(string? text, KeyRing keys, DateTimeOffset now, string method, string target, out OpenedEnvelope opened)
    {
        opened = default;
        if (text is null or { Length: 0 or > MaxTextLength } || !TryDecode(text, out var bytes) || bytes.Length < PrefixLength + MacLength)
        {
            return false;
        }

        var signed = bytes.AsSpan(..^MacLength);
        var reader = new EnvelopeReader(signed);
        if (reader.Byte() != Version)
        {
            return false;
        }

        var kind = (EnvelopeKind)reader.Byte();
        if (!keys.TryFind(reader.UInt32(), out var key) || reader.Time() is var issued && !IsOfThisTime(issued, now))
        {
            return false;
        }

        if (kind == EnvelopeKind.Standing)
        {
            (method, target) = ("", "");
        }

        var writer = new EnvelopeWriter();
        UInt128 mac;
        try
        {
            writer.Raw(signed);
            mac = Sign(ref writer, key, method, target);
            writer.Truncate(0);
            writer.UInt128(mac);
            if (!CryptographicOperations.FixedTimeEquals(writer.Written, bytes.AsSpan(^MacLength..)))
            {
                return false;
            }
        }
        finally
        {
            writer.Dispose();
        }

        opened = new OpenedEnvelope(kind, key, mac, issued, bytes.AsMemory(PrefixLength..^MacLength));
        return true;
    }

    private static UInt128 Sign(ref EnvelopeWriter writer, ClusterKey key, string method, string target)
    {
        var length = writer.Length;
        writer.Characters(method);
        writer.Byte(0);
        writer.Characters(target);
        writer.UInt32((uint)length);
        return Mac(key, writer.Written);
    }

    internal static UInt128 Mac(ClusterKey key, ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[KeyedHash.Length];
        key.Envelope.Compute(content, hash);
        return new EnvelopeReader(hash).UInt128();
    }

    internal static bool TryDecode(string text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (!Base64Url.IsValid(text, out var length))
        {
            return false;
        }

        bytes = new byte[length];
        return Base64Url.TryDecodeFromChars(text, bytes, out var written) && written == length;
    }
}
