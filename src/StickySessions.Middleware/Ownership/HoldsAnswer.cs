using System.Buffers.Binary;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

internal enum HoldsStatus : byte
{
    NotHeld,
    Held,
    Ended,
}

/// <summary>
/// "Do you hold this session?" as peers ask each other: 16 bytes of session id; the answer is one byte of status and four of epoch.
/// </summary>
internal readonly record struct HoldsAnswer(HoldsStatus Status, uint Epoch)
{
    public const string Kind = "holds";

    private const int Length = 1 + 4;

    public static byte[] Ask(SessionId session)
    {
        var question = new byte[SessionId.ByteLength];
        session.Write(question);
        return question;
    }

    public static bool TryReadQuestion(ReadOnlySpan<byte> question, out SessionId session)
    {
        var complete = question.Length == SessionId.ByteLength;
        session = complete ? SessionId.Read(question) : default;
        return complete;
    }

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
