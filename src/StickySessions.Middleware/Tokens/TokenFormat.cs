using System.Buffers.Binary;

namespace StickySessions.Tokens;

/// <summary>
/// The signed part of a session token, big-endian: version (1 byte), key id (4), session id (16), owner's tag (8), epoch (4),
/// created in seconds (4), issued in milliseconds (6).
/// </summary>
internal static class TokenFormat
{
    public const int PayloadLength = IssuedAt + 6;

    private const byte Version = 1;
    private const int KeyIdAt = 1;
    private const int SessionAt = KeyIdAt + 4;
    private const int OwnerAt = SessionAt + SessionId.ByteLength;
    private const int EpochAt = OwnerAt + NodeTag.ByteLength;
    private const int CreatedAt = EpochAt + 4;
    private const int IssuedAt = CreatedAt + 4;

    private static readonly long MaxMilliseconds = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    public static bool IsKnownVersion(byte version) => version == Version;

    public static uint ReadKeyId(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadUInt32BigEndian(payload[KeyIdAt..]);

    public static void Write(in StickyToken token, uint keyId, Span<byte> payload)
    {
        payload[0] = Version;
        BinaryPrimitives.WriteUInt32BigEndian(payload[KeyIdAt..], keyId);
        token.Session.Write(payload[SessionAt..]);
        BinaryPrimitives.WriteUInt32BigEndian(payload[OwnerAt..], token.Owner.Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(payload[(OwnerAt + 4)..], token.Owner.Random);
        BinaryPrimitives.WriteUInt32BigEndian(payload[EpochAt..], token.Epoch);
        BinaryPrimitives.WriteUInt32BigEndian(payload[CreatedAt..], checked((uint)token.Created.ToUnixTimeSeconds()));

        var issued = checked((ulong)token.Issued.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt16BigEndian(payload[IssuedAt..], checked((ushort)(issued >> 32)));
        BinaryPrimitives.WriteUInt32BigEndian(payload[(IssuedAt + 2)..], (uint)issued);
    }

    /// <summary>Reads what a valid MAC covers. Refuses what <see cref="Write"/> cannot have been given: no epoch, no such date.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out StickyToken token)
    {
        var epoch = BinaryPrimitives.ReadUInt32BigEndian(payload[EpochAt..]);
        var issued = ((long)BinaryPrimitives.ReadUInt16BigEndian(payload[IssuedAt..]) << 32)
            | BinaryPrimitives.ReadUInt32BigEndian(payload[(IssuedAt + 2)..]);
        if (epoch == 0 || issued > MaxMilliseconds)
        {
            token = default;
            return false;
        }

        token = new StickyToken(
            SessionId.Read(payload[SessionAt..]),
            new NodeTag(
                BinaryPrimitives.ReadUInt32BigEndian(payload[OwnerAt..]),
                BinaryPrimitives.ReadUInt32BigEndian(payload[(OwnerAt + 4)..])),
            epoch,
            DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadUInt32BigEndian(payload[CreatedAt..])),
            DateTimeOffset.FromUnixTimeMilliseconds(issued));
        return true;
    }
}
