using System.Buffers.Binary;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// "I hold these sessions since then. Do you hold them too?": 8 bytes of the asker's tag, then for each session 16 of its id and 8 of when it began there (UTC
/// ticks). The answer has a byte for each: 1 if it began earlier at the node that answers, so that the asker must yield.
/// </summary>
internal static class DoublesQuestion
{
    public const string Kind = "doubles";

    private const int TagLength = 2 * sizeof(uint);

    private const int EntryLength = SessionId.ByteLength + sizeof(long);

    public static byte[] Ask(NodeTag asker, ReadOnlySpan<HeldSession> sessions)
    {
        var question = new byte[TagLength + (sessions.Length * EntryLength)];
        BinaryPrimitives.WriteUInt32BigEndian(question, asker.Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(question.AsSpan(sizeof(uint)), asker.Random);
        for (var i = 0; i < sessions.Length; i++)
        {
            var entry = question.AsSpan(TagLength + (i * EntryLength), EntryLength);
            sessions[i].Id.Write(entry);
            BinaryPrimitives.WriteInt64BigEndian(entry[SessionId.ByteLength..], sessions[i].Created.UtcTicks);
        }

        return question;
    }

    public static bool TryRead(ReadOnlySpan<byte> question, out NodeTag asker, out AskedSession[] sessions)
    {
        if (question.Length < TagLength || (question.Length - TagLength) % EntryLength != 0)
        {
            (asker, sessions) = (default, []);
            return false;
        }

        asker = new NodeTag(BinaryPrimitives.ReadUInt32BigEndian(question), BinaryPrimitives.ReadUInt32BigEndian(question[sizeof(uint)..]));
        sessions = new AskedSession[(question.Length - TagLength) / EntryLength];
        for (var i = 0; i < sessions.Length; i++)
        {
            var entry = question.Slice(TagLength + (i * EntryLength), EntryLength);
            sessions[i] = new AskedSession(SessionId.Read(entry[..SessionId.ByteLength]), BinaryPrimitives.ReadInt64BigEndian(entry[SessionId.ByteLength..]));
        }

        return true;
    }
}

/// <param name="Id">The session.</param>
/// <param name="Began">When it began at the asker, in UTC ticks.</param>
internal readonly record struct AskedSession(SessionId Id, long Began);
