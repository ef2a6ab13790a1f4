using System.Diagnostics.CodeAnalysis;

namespace StickySessions.State;

/// <summary>
/// What a WebSocket of the application writes to and reads from. Between two of its frames this node can say that it goes away; what the
/// application writes after that is dropped, as nothing may follow a close frame (RFC 6455, 5.5.1). The client answers with its own,
/// which the application reads, and so ends by itself.
/// </summary>
[SuppressMessage("Usage", "CA2213:Disposable fields should be disposed", Justification = "Nobody asks the semaphore for its handle, so it holds nothing; the stream is disposed of with this one.")]
internal sealed class WebSocketStream(Stream stream) : Stream
{
    /// <summary>A close frame, unmasked, with the status 1001: going away (RFC 6455, 7.4.1).</summary>
    private static readonly byte[] GoingAway = [0x88, 0x02, 0x03, 0xE9];

    private readonly SemaphoreSlim _writing = new(1, 1);
    private WebSocketFrames _frames; // guarded by _writing, as is the next
    private bool _isClosed;

    public override bool CanRead => stream.CanRead;

    public override bool CanSeek => false;

    public override bool CanWrite => stream.CanWrite;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Tells the client, unless the application has, or a frame of it is incomplete.</summary>
    public async Task GoAwayAsync()
    {
        await _writing.WaitAsync();
        try
        {
            if (!_isClosed && _frames is { IsBetween: true, HasClosed: false })
            {
                _isClosed = true;
                await stream.WriteAsync(GoingAway);
                await stream.FlushAsync();
            }
        }
        catch (Exception failure) when (failure is IOException or InvalidOperationException or OperationCanceledException)
        {
            // The client is gone.
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Its request is over, and the server may use for another one what this has written to.</summary>
    public async Task StopAsync()
    {
        await _writing.WaitAsync();
        _isClosed = true;
        _writing.Release();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            if (!_isClosed)
            {
                _frames.Pass(buffer.Span);
                await stream.WriteAsync(buffer, cancellationToken);
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count)
    {
        _writing.Wait();
        try
        {
            if (!_isClosed)
            {
                _frames.Pass(buffer.AsSpan(offset, count));
                stream.Write(buffer, offset, count);
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        => stream.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => stream.Read(buffer, offset, count);

    public override void Flush() => stream.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => stream.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            stream.Dispose();
        }

        base.Dispose(disposing);
    }
}
