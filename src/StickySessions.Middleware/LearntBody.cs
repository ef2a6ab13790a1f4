using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions;

/// <summary>The body of a response that may give out a token: what the application writes first is looked at before it leaves.</summary>
internal sealed class LearntBody(Stream inner, Func<string, ValueTask> learnAsync) : Stream
{
    private const int LooksAt = 4096;

    private bool _hasLooked;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Runs the application with such a body.</summary>
    public static async Task RunAsync(HttpContext context, Func<string, ValueTask> learnAsync, RequestDelegate next)
    {
        var before = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        await using var body = new LearntBody(before.Stream, learnAsync);
        var feature = new StreamResponseBodyFeature(body, before);
        context.Features.Set<IHttpResponseBodyFeature>(feature);
        try
        {
            await next(context);
            await feature.CompleteAsync();
        }
        finally
        {
            context.Features.Set(before);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_hasLooked && !buffer.IsEmpty)
        {
            _hasLooked = true;
            await learnAsync(Encoding.UTF8.GetString(buffer.Span[..Math.Min(buffer.Length, LooksAt)]));
        }

        await inner.WriteAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
