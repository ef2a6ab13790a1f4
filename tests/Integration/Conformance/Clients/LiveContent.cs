using System.IO.Pipelines;
using System.Net;

namespace StickySessions.Tests.Integration.Conformance.Clients;

/// <summary>A body that is written while it is sent, each piece at once.</summary>
internal sealed class LiveContent : HttpContent
{
    private readonly Pipe _pipe = new();

    public async Task WriteAsync(byte[] bytes) => await _pipe.Writer.WriteAsync(bytes, TestContext.Current.CancellationToken);

    public void Complete() => _pipe.Writer.Complete();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        // The request's head waits for the first flush.
        await stream.FlushAsync(TestContext.Current.CancellationToken);
        await using var source = _pipe.Reader.AsStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = await source.ReadAsync(buffer, TestContext.Current.CancellationToken)) > 0;)
        {
            await stream.WriteAsync(buffer.AsMemory(0, read), TestContext.Current.CancellationToken);
            await stream.FlushAsync(TestContext.Current.CancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
