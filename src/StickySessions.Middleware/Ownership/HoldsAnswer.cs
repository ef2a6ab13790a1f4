using System.Buffers.Binary;

namespace StickySessions.Ownership;

internal enum HoldsStatus : byte
{
    NotHeld,
    Held,
    Ended,
}

/// <summary>The answer to a <see cref="HoldsQuestion"/>: one byte of status and four of epoch.</summary>
internal readonly record struct HoldsAnswer(HoldsStatus Status, uint Epoch)
{
    private const int Length = 1 + 4;

    public static bool TryRead(ReadOnlySpan<byte> content, out HoldsAnswer answer)
    {
        if (content.Length != Length || content[0] > (byte)HoldsStatus.Ended)
        {
            answer = default;
            return false;
        }

        answer = new HoldsAnswer((HoldsStatus)content[0], BinaryPrimitives.ReadUInt32BigEndian(content[1..]));
        return true;
    }

    public byte[] ToBytes()
    {
        var content = new byte[Length];
        content[0] = (byte)Status;
        BinaryPrimitives.WriteUInt32BigEndian(content.AsSpan(1), Epoch);
        return content;
    }
}
