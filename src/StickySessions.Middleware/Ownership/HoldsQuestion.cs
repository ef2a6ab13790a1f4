using System.Buffers.Binary;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// "Do you hold this session, of which somebody has seen this epoch?" as peers ask each other: 16 bytes of session id, then four of the epoch, which
/// is 0 if nobody has seen one.
/// </summary>
internal static class HoldsQuestion
{
    public const string Kind = "holds";

    private const int Length = SessionId.ByteLength + sizeof(uint);

    public static byte[] Ask(SessionId session, uint seenEpoch)
    {
        var question = new byte[Length];
        session.Write(question);
        BinaryPrimitives.WriteUInt32BigEndian(question.AsSpan(SessionId.ByteLength), seenEpoch);
        return question;
    }

    public static bool TryRead(ReadOnlySpan<byte> question, out SessionId session, out uint seenEpoch)
    {
        if (question.Length != Length)
        {
            (session, seenEpoch) = (default, 0);
            return false;
        }

        session = SessionId.Read(question[..SessionId.ByteLength]);
        seenEpoch = BinaryPrimitives.ReadUInt32BigEndian(question[SessionId.ByteLength..]);
        return true;
    }
}
