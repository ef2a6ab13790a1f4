using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using StickySessions.Cluster;
using StickySessions.Tokens;

namespace StickySessions.Forwarding;

/// <summary>Asks over the same connections that requests are forwarded on, so that an answer says something about them too.</summary>
internal sealed class PeerClient(ForwardingTransport transport, IClusterKeys keys, TimeProvider time) : IPeerClient
{
    public async Task<PeerAnswer> AskAsync(
        Uri address, bool hasInterconnect, string kind, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        var envelope = Seal(kind, question.Span);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, PeerQuestions.Target))
        {
            Version = hasInterconnect ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ReadOnlyMemoryContent(question),
        };
        request.Headers.TryAddWithoutValidation(StickyHeaders.Envelope, envelope.Text);

        try
        {
            using var invoker = transport.NewInvoker();
            using var response = await invoker.SendAsync(request, cancellationToken);
            return await ReadAsync(response, envelope, cancellationToken);
        }
        catch (HttpRequestException failure) when (failure.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
        {
            return new PeerAnswer(PeerAnswerStatus.Refused, default);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            return new PeerAnswer(PeerAnswerStatus.NoAnswer, default);
        }
    }

    public async Task<bool> IsRefusedAsync(Uri address, CancellationToken cancellationToken)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address.IdnHost.Trim('[', ']'), address.Port, cancellationToken);
            return false;
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return true;
        }
        catch (Exception unknown) when (unknown is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private SealedEnvelope Seal(string kind, ReadOnlySpan<byte> question)
    {
        var key = keys.Current.Current;
        var writer = new EnvelopeWriter();
        try
        {
            SignedEnvelope.Begin(ref writer, EnvelopeKind.Question, key, time.GetUtcNow());
            writer.Text(kind);
            writer.Bytes(SHA256.HashData(question));
            return SignedEnvelope.Seal(ref writer, key, HttpMethod.Post.Method, PeerQuestions.Target);
        }
        finally
        {
            writer.Dispose();
        }
    }

    private static async Task<PeerAnswer> ReadAsync(HttpResponseMessage response, SealedEnvelope envelope, CancellationToken cancellationToken)
    {
        if (!response.Headers.NonValidated.TryGetValues(StickyHeaders.Answer, out var signature))
        {
            // A node whose handler failed is there and ours, though it could not say so.
            return new PeerAnswer(
                response.StatusCode >= HttpStatusCode.InternalServerError ? PeerAnswerStatus.NoAnswer : PeerAnswerStatus.NotAuthenticated, default);
        }

        if (response.Content.Headers.ContentLength is null or > PeerQuestions.MaxLength)
        {
            return new PeerAnswer(PeerAnswerStatus.NotAuthenticated, default);
        }

        var content = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (!SignedAnswer.TryOpen(signature.ToString(), envelope.Key, envelope.Mac, content, out var kind, out _))
        {
            return new PeerAnswer(PeerAnswerStatus.NotAuthenticated, default);
        }

        return kind == AnswerKind.Peer ? new PeerAnswer(PeerAnswerStatus.Answered, content) : new PeerAnswer(PeerAnswerStatus.NoAnswer, default);
    }
}
