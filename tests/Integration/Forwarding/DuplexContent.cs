using System.Net;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>A body that the test writes while the answer is read.</summary>
internal sealed class DuplexContent : HttpContent
{
    private readonly TaskCompletionSource _complete = new();

    public DuplexContent(string type) => Headers.TryAddWithoutValidation("Content-Type", type);

    public TaskCompletionSource<Stream> Stream { get; } = new();

    public void Complete() => _complete.SetResult();

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        Stream.SetResult(stream);
        return _complete.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
