namespace StickySessions.Forwarding;

/// <summary>The content of a <see cref="AnswerKind.NotMine"/> answer.</summary>
internal static class NotMineCodec
{
    public static void Write(ref EnvelopeWriter writer, in NotMine answer)
    {
        writer.Tag(answer.Owner);
        writer.UInt32(answer.Epoch);
        writer.Int64(answer.ViewVersion);
        writer.Byte(answer.Ended ? (byte)1 : (byte)0);
    }

    public static bool TryRead(ReadOnlySpan<byte> content, out NotMine answer)
    {
        var reader = new EnvelopeReader(content);
        answer = new NotMine(reader.Tag(), reader.UInt32(), reader.Int64(), reader.Byte() == 1);
        return reader.IsComplete;
    }
}
