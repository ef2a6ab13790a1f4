using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Forwarding;

/// <summary>
/// A request's body that can be read again from its beginning as long as no more than <paramref name="capacity"/> bytes of it
/// were read. What is kept is read into the buffer first, and a read that is cancelled goes on in the background, so that
/// the next reader loses no byte. One reader at a time, as with every body. It has a limit of its own, since the server's cannot
/// be set again once reading has begun.
/// </summary>
internal sealed class ReplayableBody(Stream inner, int capacity) : Stream, IHttpMaxRequestBodySizeFeature
{
    private const int SmallestBuffer = 4096;

    private byte[] _kept = [];
    private int _filled;
    private int _position;
    private Task<int>? _pending;
    private CancellationTokenSource? _stop;
    private bool _ended;
    private bool _passing;
    private long _passed;

    /// <summary>The body's own failure when it was read: the client's fault, not the owner's.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>False once more was read than is kept.</summary>
    public bool CanReplay => !_passing;

    /// <summary>As with the server's limit, but each reader begins anew.</summary>
    public bool IsReadOnly => _position > 0;

    /// <summary>What a reader may read, counted from the beginning; null for no limit.</summary>
    public long? MaxRequestBodySize { get; set; }

    /// <summary>What <see cref="MaxRequestBodySize"/> becomes if the request is not forwarded after all.</summary>
    public long? LimitHere { get; set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public void Rewind() => _position = 0;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position == _filled && !_ended && !_passing && !buffer.IsEmpty)
        {
            await FillAsync(cancellationToken);
        }

        if (_passing && _position == _filled)
        {
            return await PassAsync(buffer, cancellationToken);
        }

        var count = Math.Min(buffer.Length, _filled - _position);
        _kept.AsMemory(_position, count).CopyTo(buffer);
        _position += count;
        ThrowIfTooLarge();
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count)
    {
        if (_passing && _position == _filled)
        {
            var read = inner.Read(buffer, offset, count);
            _passed += read;
            ThrowIfTooLarge();
            return read;
        }

        // Only an application that allows synchronous reads comes here, after the request was not forwarded after all.
        return ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Ends a read that nobody waits for any more: the server must not find one under way when the request is over.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (_pending is { } abandoned)
        {
            await _stop!.CancelAsync();
            await ((Task)abandoned).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _pending = null;
        }

        _stop?.Dispose();
        _stop = null;
        if (_kept.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_kept);
            _kept = [];
            _filled = _position = 0;
        }

        await base.DisposeAsync();
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_pending is null && _filled == capacity)
        {
            _passing = true;
            return;
        }

        try
        {
            _pending ??= BeginFill();
            var read = await _pending.WaitAsync(cancellationToken);
            _filled += read;
            _ended = read == 0;
            _pending = null;
        }
        catch (Exception failure) when (_pending is { IsFaulted: true })
        {
            Failure = failure;
            throw;
        }
    }

    private Task<int> BeginFill()
    {
        if (_filled == _kept.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Min(capacity, Math.Max(SmallestBuffer, _filled * 2)));
            _kept.AsSpan(0, _filled).CopyTo(larger);
            if (_kept.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_kept);
            }

            _kept = larger;
        }

        var room = Math.Min(_kept.Length, capacity) - _filled;
        _stop ??= new CancellationTokenSource();
        return inner.ReadAsync(_kept.AsMemory(_filled, room), _stop.Token).AsTask();
    }

    private async ValueTask<int> PassAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            _passed += read;
            ThrowIfTooLarge();
            return read;
        }
        catch (BadHttpRequestException failure)
        {
            Failure = failure;
            throw;
        }
    }

    private void ThrowIfTooLarge()
    {
        if (_position + _passed > MaxRequestBodySize)
        {
            throw new BadHttpRequestException(
                $"Request body too large. The max request body size is {MaxRequestBodySize} bytes.", StatusCodes.Status413PayloadTooLarge);
        }
    }
}
