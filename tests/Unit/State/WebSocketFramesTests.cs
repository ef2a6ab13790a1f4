using StickySessions.State;

namespace StickySessions.Tests.Unit.State;

/// <summary>Where one frame ends and the next begins, in whatever pieces they are written.</summary>
public sealed class WebSocketFramesTests
{
    public static TheoryData<int> Lengths => [0, 1, 125, 126, 127, 65_535, 65_536, 70_000];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Frames_InPiecesOfAnySize_EndWhereTheyEnd(int length)
    {
        var (first, second) = (Frame(0x82, length), Frame(0x01, 3));
        byte[] bytes = [.. first, .. second, .. Frame(0x80, length)];
        int[] ends = [first.Length, first.Length + second.Length, bytes.Length];
        foreach (var piece in new[] { 1, 2, 3, 7, 4096, bytes.Length })
        {
            var frames = default(WebSocketFrames);
            for (var at = 0; at < bytes.Length; at += piece)
            {
                var part = bytes.AsSpan(at, Math.Min(piece, bytes.Length - at));
                frames.Pass(part);
                Assert.Equal(ends.Contains(at + part.Length), frames.IsBetween);
            }

            Assert.False(frames.HasClosed);
        }
    }

    [Fact]
    public void CloseFrame_IsSeen_WhenItIsComplete()
    {
        var frames = default(WebSocketFrames);

        frames.Pass([0x88, 0x02]);
        Assert.False(frames.IsBetween);
        frames.Pass([0x03, 0xE8]);

        Assert.True(frames is { IsBetween: true, HasClosed: true });
    }

    [Fact]
    public void MaskedFrame_HasItsKeyInTheHeader()
    {
        var frames = default(WebSocketFrames);

        frames.Pass([0x81, 0x82, 1, 2, 3, 4, 0xFF]);
        Assert.False(frames.IsBetween);
        frames.Pass([0xFF]);

        Assert.True(frames.IsBetween);
    }

    private static byte[] Frame(byte first, int length) => length switch
    {
        < 126 => [first, (byte)length, .. new byte[length]],
        < 65_536 => [first, 126, (byte)(length >> 8), (byte)length, .. new byte[length]],
        _ => [first, 127, 0, 0, 0, 0, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length, .. new byte[length]],
    };
}
