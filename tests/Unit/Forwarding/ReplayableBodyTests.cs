using System.IO.Pipelines;
using StickySessions.Forwarding;

namespace StickySessions.Tests.Unit.Forwarding;

public sealed class ReplayableBodyTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 100)]
    [InlineData(1, 100)]
    [InlineData(100, 100)]
    [InlineData(50_000, 65_536)]
    public async Task Body_NoMoreThanIsKept_ReadsTheSameTwice(int length, int capacity)
    {
        var sent = Content(length);
        await using var body = new ReplayableBody(new MemoryStream(sent), capacity);

        Assert.Equal(sent, await ReadExactlyAsync(body, length));
        Assert.True(body.CanReplay);
        body.Rewind();
        Assert.Equal(sent, await ReadToEndAsync(body));
    }

    [Fact]
    public async Task Body_MoreThanIsKept_PassesWholeAndCannotBeReplayed()
    {
        var sent = Content(300_000);
        await using var body = new ReplayableBody(new MemoryStream(sent), 65_536);

        Assert.Equal(sent, await ReadToEndAsync(body));
        Assert.False(body.CanReplay);
    }

    [Fact]
    public async Task Body_ReadPartlyThenRewound_GoesOnWhereTheClientIs()
    {
        var sent = Content(10_000);
        await using var body = new ReplayableBody(new MemoryStream(sent), 65_536);
        await body.ReadExactlyAsync(new byte[3000], Cancellation);

        body.Rewind();

        Assert.Equal(sent, await ReadToEndAsync(body));
    }

    [Fact]
    public async Task Read_CancelledWhileTheClientIsSilent_LosesNoByte()
    {
        var pipe = new Pipe();
        await using var body = new ReplayableBody(pipe.Reader.AsStream(), 1000);
        using var cancel = new CancellationTokenSource();
        var reading = body.ReadAsync(new byte[10], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);

        await pipe.Writer.WriteAsync("hello"u8.ToArray(), Cancellation);
        await pipe.Writer.CompleteAsync();
        body.Rewind();

        Assert.Equal("hello"u8.ToArray(), await ReadToEndAsync(body));
    }

    [Fact]
    public async Task Dispose_WithAReadUnderWay_EndsIt()
    {
        var pipe = new Pipe();
        var body = new ReplayableBody(pipe.Reader.AsStream(), 1000);
        using var cancel = new CancellationTokenSource();
        var reading = body.ReadAsync(new byte[10], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);

        await body.DisposeAsync();

        // Nobody reads from the client any more: another reader may.
        Assert.False(pipe.Reader.TryRead(out _));
    }

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(1).NextBytes(content);
        return content;
    }

    private static async Task<byte[]> ReadExactlyAsync(Stream body, int length)
    {
        var read = new byte[length];
        await body.ReadExactlyAsync(read, Cancellation);
        return read;
    }

    private static async Task<byte[]> ReadToEndAsync(Stream body)
    {
        using var all = new MemoryStream();
        await body.CopyToAsync(all, Cancellation);
        return all.ToArray();
    }
}
