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
