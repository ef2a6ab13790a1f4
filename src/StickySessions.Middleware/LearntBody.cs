using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions;

/// <summary>The body of a response that may give out a token: how it begins is looked at before it leaves.</summary>
/// <param name="inner">Where it goes.</param>
/// <param name="learnAsync">Gets the beginning as far as it is written, and says whether there was a token.</param>
internal sealed class LearntBody(Stream inner, Func<string, ValueTask<bool>> learnAsync) : Stream
{
    /// <summary>In bytes.</summary>
    public const int LooksAt = 4096;

    private readonly ArrayBufferWriter<byte> _beginning = new();
    private bool _isDone;

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
    public static async Task RunAsync(HttpContext context, Func<string, ValueTask<bool>> learnAsync, RequestDelegate next)
    {
        var before = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        await using var body = new LearntBody(before.Stream, learnAsync);
        var feature = new StartsWithItsBody(body, before);
        context.Features.Set<IHttpResponseBodyFeature>(feature);
        try
        {
            await next(context);

            // Not the feature, which would begin a response that nobody has written to.
            await feature.Writer.CompleteAsync();
        }
        finally
        {
            context.Features.Set(before);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_isDone && !buffer.IsEmpty)
        {
            // Nothing is held back: of a token that is written in pieces no client knows more than is known here.
            _beginning.Write(buffer.Span[..Math.Min(buffer.Length, LooksAt - _beginning.WrittenCount)]);
            _isDone = await learnAsync(Encoding.UTF8.GetString(_beginning.WrittenSpan)) || _beginning.WrittenCount == LooksAt;
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

    /// <summary>
    /// Many ways to write start the response first. Whether it may leave is known only once its body has been looked at, so the first write or flush starts it.
    /// </summary>
    private sealed class StartsWithItsBody(LearntBody body, IHttpResponseBodyFeature before) : StreamResponseBodyFeature(body, before)
    {
        public override Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}
