using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace StickySessions.Tokens;

/// <summary>What the cluster calls a session: 128 random bits, never the application's own token.</summary>
internal readonly record struct SessionId(ulong High, ulong Low)
{
    public const int ByteLength = 16;

    public static SessionId New()
    {
        Span<byte> bytes = stackalloc byte[ByteLength];
        RandomNumberGenerator.Fill(bytes);
        return Read(bytes);
    }

    public static SessionId Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt64BigEndian(source),
        BinaryPrimitives.ReadUInt64BigEndian(source[8..]));

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string? text, out SessionId session)
    {
        Span<byte> bytes = stackalloc byte[ByteLength];
        var isOne = text is { Length: 22 } && Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, bytes, out var written) && written == ByteLength;
        session = isOne ? Read(bytes) : default;
        return isOne;
    }

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }

    /// <summary>22 characters of base64url.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[ByteLength];
        Write(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
