using System.Net;
using Microsoft.AspNetCore.Http;

namespace StickySessions.Forwarding;

/// <summary>
/// Sends the headers of an answer before its body if that is not there yet: the forwarder writes them with the first byte, but an
/// application that flushes them (a stream without an event yet) means that the client shall have them. An ordinary answer, whose
/// body comes with its headers, is left alone: it costs one look and no second write.
/// </summary>
internal sealed class PromptHeaders : HttpContent
{
    private readonly HttpContent _body;
    private readonly BodyStream _stream;

    private PromptHeaders(HttpContent body, BodyStream stream)
    {
        _body = body;
        _stream = stream;
    }

    /// <returns>True: the body is to be copied.</returns>
    public static ValueTask<bool> ApplyAsync(HttpResponseMessage source, HttpResponse destination, CancellationToken cancellationToken)
    {
        var opening = source.Content.ReadAsStreamAsync(cancellationToken);
        return opening.IsCompletedSuccessfully
            ? new ValueTask<bool>(Apply(source, opening.Result, destination, cancellationToken))
            : OpenAndApplyAsync(source, opening, destination, cancellationToken);
    }

    protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult<Stream>(_stream);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => _stream.CopyToAsync(stream);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _body.Dispose();
        }

        base.Dispose(disposing);
    }

    private static async ValueTask<bool> OpenAndApplyAsync(
        HttpResponseMessage source, Task<Stream> opening, HttpResponse destination, CancellationToken cancellationToken)
        => Apply(source, await opening, destination, cancellationToken);

    private static bool Apply(HttpResponseMessage source, Stream body, HttpResponse destination, CancellationToken cancellationToken)
    {
        // A read of nothing waits until there is something, or the end.
        var first = body.ReadAsync(Memory<byte>.Empty, cancellationToken);
        if (first.IsCompletedSuccessfully)
        {
            _ = first.Result;
            return true;
        }

        source.Content = new PromptHeaders(source.Content, new BodyStream(body, first.AsTask(), destination));
        return true;
    }

    /// <summary>The body, whose first read has begun already.</summary>
    private sealed class BodyStream(Stream body, Task<int> first, HttpResponse destination) : Stream
    {
        private Task<int>? _first = first;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_first is not { } first)
            {
                return body.ReadAsync(buffer, cancellationToken);
            }

            _first = null;
            return ReadFirstAsync(first, buffer, cancellationToken);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                body.Dispose();
            }

            base.Dispose(disposing);
        }

        private async ValueTask<int> ReadFirstAsync(Task<int> first, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (!first.IsCompleted)
            {
                await destination.Body.FlushAsync(cancellationToken);
            }

            await first;
            return await body.ReadAsync(buffer, cancellationToken);
        }
    }
}
