using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using StickySessions.Ownership;

namespace StickySessions;

/// <summary>
/// Where a response goes once another was given in its place. An ordinary answer is one write: that is swallowed, so that an application
/// which has done nothing wrong meets no error. One that goes on is a stream and would never end by itself: servers do not cancel
/// <see cref="HttpContext.RequestAborted"/> any more once a response is complete. It is ended as if its client had gone, which neither
/// servers nor error pages take for a fault.
/// </summary>
internal sealed class FencedBody : IHttpResponseBodyFeature
{
    /// <summary>Ending a request ends its connection, and what was said instead must have left by then.</summary>
    private static readonly TimeSpan EndsAfter = TimeSpan.FromSeconds(1);

    private readonly HttpContext _context;
    private readonly RunningRequests _running;
    private readonly TimeProvider _time;
    private readonly long _since;
    private PipeWriter? _writer;
    private int _writes;

    public FencedBody(HttpContext context, RunningRequests running, string reason, TimeProvider time)
    {
        _context = context;
        _running = running;
        _time = time;
        Reason = reason;
        _since = time.GetTimestamp();
        Stream = new Sink(this, flushIsWrite: true);
    }

    /// <summary>Why the response was replaced.</summary>
    public string Reason { get; }

    public Stream Stream { get; }

    public PipeWriter Writer => _writer ??= PipeWriter.Create(new Sink(this, flushIsWrite: false));

    /// <summary>Whether the request's response was replaced.</summary>
    public static bool IsOf(HttpContext context) => Of(context) is not null;

    public static FencedBody? Of(HttpContext context) => context.Features.Get<FencedBody>();

    /// <summary>Whether it is nothing but what comes of that: no fault of the application.</summary>
    public static bool Explains(Exception exception, HttpContext context)
        => exception is InvalidOperationException or IOException or OperationCanceledException && IsOf(context);

    public void DisableBuffering()
    {
    }

    public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => WriteAsync();

    public Task CompleteAsync() => Task.CompletedTask;

    /// <summary>From now on the application meets this one; under its own type too, since others may put theirs before it.</summary>
    public void Attach()
    {
        _context.Features.Set<IHttpResponseBodyFeature>(this);
        _context.Features.Set(this);
    }

    private Task WriteAsync() => Interlocked.Increment(ref _writes) == 1 ? Task.CompletedTask : EndAsync();

    private async Task EndAsync()
    {
        var left = EndsAfter - _time.GetElapsedTime(_since);
        if (left > TimeSpan.Zero)
        {
            await Task.Delay(left, _time);
        }

        if (_running.Abort(_context, this))
        {
            _context.RequestAborted = new CancellationToken(canceled: true);
        }

        throw new IOException("This node may not answer for the session any more, and has said so in place of this response.");
    }

    private sealed class Sink(FencedBody body, bool flushIsWrite) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
        }

        public override void Flush()
        {
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => body.WriteAsync();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => new(body.WriteAsync());

        public override Task FlushAsync(CancellationToken cancellationToken) => flushIsWrite ? body.WriteAsync() : Task.CompletedTask;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
