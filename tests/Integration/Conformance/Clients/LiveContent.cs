using System.Net;
using System.Threading.Channels;

namespace StickySessions.Tests.Integration.Conformance.Clients;

/// <summary>A body that is written while it is sent, each piece at once.</summary>
internal sealed class LiveContent : HttpContent
{
    private readonly Channel<byte[]> _pieces = Channel.CreateUnbounded<byte[]>();

    public void Write(ReadOnlySpan<byte> piece) => Assert.True(_pieces.Writer.TryWrite(piece.ToArray()));

    public void Complete() => _pieces.Writer.Complete();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        // The request's head waits for the first flush.
        await stream.FlushAsync(TestContext.Current.CancellationToken);
        await foreach (var piece in _pieces.Reader.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            await stream.WriteAsync(piece, TestContext.Current.CancellationToken);
            await stream.FlushAsync(TestContext.Current.CancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
