using System.Buffers.Text;
using System.Security.Cryptography;
using StickySessions.Tokens;

namespace StickySessions.Forwarding;

internal enum AnswerKind : byte
{
    /// <summary>The node does not own the session.</summary>
    NotMine = 1,

    /// <summary>The node's application has not started yet.</summary>
    NotReady = 2,

    /// <summary>The answer to a peer's question.</summary>
    Peer = 3,

    /// <summary>Nobody answers that kind of question.</summary>
    UnknownQuestion = 4,
}

/// <summary>
/// A node's own word, signed and bound to one envelope: an application's 421 is never mistaken for it, a stranger cannot make
/// it, and it fits no request under another envelope.
/// </summary>
internal static class SignedAnswer
{
    /// <summary>The first byte that is signed; envelopes begin with their version, which is another.</summary>
    private const byte Domain = 0xA1;
    private const int MacLength = 16;

    public static string Seal(ClusterKey key, UInt128 envelope, AnswerKind kind, ReadOnlySpan<byte> content, ReadOnlySpan<byte> body = default)
    {
        var writer = new EnvelopeWriter();
        try
        {
            var mac = Sign(ref writer, key, envelope, kind, content, body);
            writer.Truncate(0);
            writer.Byte((byte)kind);
            writer.Raw(content);
            writer.UInt128(mac);
            return Base64Url.EncodeToString(writer.Written);
        }
        finally
        {
            writer.Dispose();
        }
    }

    public static bool TryOpen(
        string? text, ClusterKey key, UInt128 envelope, ReadOnlySpan<byte> body, out AnswerKind kind, out ReadOnlyMemory<byte> content)
    {
        kind = default;
        content = default;
        if (text is null or { Length: > SignedEnvelope.MaxTextLength } || !SignedEnvelope.TryDecode(text, out var bytes) || bytes.Length < 1 + MacLength)
        {
            return false;
        }

        var writer = new EnvelopeWriter();
        try
        {
            var mac = Sign(ref writer, key, envelope, (AnswerKind)bytes[0], bytes.AsSpan(1..^MacLength), body);
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

        kind = (AnswerKind)bytes[0];
        content = bytes.AsMemory(1..^MacLength);
        return true;
    }

    private static UInt128 Sign(
        ref EnvelopeWriter writer, ClusterKey key, UInt128 envelope, AnswerKind kind, ReadOnlySpan<byte> content, ReadOnlySpan<byte> body)
    {
        Span<byte> bodyHash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, bodyHash);

        writer.Byte(Domain);
        writer.UInt128(envelope);
        writer.Byte((byte)kind);
        writer.Raw(bodyHash);
        writer.Raw(content);
        return SignedEnvelope.Mac(key, writer.Written);
    }
}
