using System.Buffers.Binary;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// "You were declared gone, and I am about to claim this session of yours": 16 bytes of session id, then the 8 bytes of the owner's tag. The answer is
/// one byte: 1 if the owner held it and has given it up.
/// </summary>
internal static class GiveUp
{
    public const string Kind = "give-up";

    public static ReadOnlyMemory<byte> GivenUp { get; } = new byte[] { 1 };

    public static ReadOnlyMemory<byte> NotHeld { get; } = new byte[] { 0 };

    public static byte[] Ask(SessionId session, NodeTag owner)
    {
        var question = new byte[SessionId.ByteLength + (2 * sizeof(uint))];
        session.Write(question);
        BinaryPrimitives.WriteUInt32BigEndian(question.AsSpan(SessionId.ByteLength), owner.Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(question.AsSpan(SessionId.ByteLength + sizeof(uint)), owner.Random);
        return question;
    }

    public static bool TryReadQuestion(ReadOnlySpan<byte> question, out SessionId session, out NodeTag owner)
    {
        if (question.Length != SessionId.ByteLength + (2 * sizeof(uint)))
        {
            (session, owner) = (default, default);
            return false;
        }

        session = SessionId.Read(question[..SessionId.ByteLength]);
        owner = new NodeTag(
            BinaryPrimitives.ReadUInt32BigEndian(question[SessionId.ByteLength..]),
            BinaryPrimitives.ReadUInt32BigEndian(question[(SessionId.ByteLength + sizeof(uint))..]));
        return true;
    }
}
