using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using StickySessions.Cluster;

namespace StickySessions.Forwarding;

/// <summary>Answers peers' questions: one handler for each kind.</summary>
internal sealed class PeerQuestions(IEnumerable<IPeerQuestionHandler> handlers)
{
    public const string Target = "/sticky/peer";

    /// <summary>Questions and answers are held in memory.</summary>
    public const int MaxLength = 16 * 1024 * 1024;

    // Not before the first question: handlers may need services that are made while the node joins.
    private readonly Lazy<Dictionary<string, IPeerQuestionHandler>> _byKind = new(
        () => handlers.ToDictionary(handler => handler.Kind, StringComparer.Ordinal));

    public async Task AnswerAsync(IFeatureCollection features, OpenedEnvelope opened)
    {
        var request = features.GetRequiredFeature<IHttpRequestFeature>();
        var aborted = features.Get<IHttpRequestLifetimeFeature>()?.RequestAborted ?? CancellationToken.None;
        var question = await ReadAsync(request.Body, aborted);
        if (question is null || !TryReadKind(opened, question, out var kind))
        {
            features.GetRequiredFeature<IHttpResponseFeature>().StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var answer = _byKind.Value.TryGetValue(kind, out var handler) ? await handler.AnswerAsync(question, aborted) : default;
        await WriteAsync(features, opened, handler is null ? AnswerKind.UnknownQuestion : AnswerKind.Peer, answer, aborted);
    }

    /// <summary>The envelope says what is asked and vouches for the body.</summary>
    private static bool TryReadKind(in OpenedEnvelope opened, byte[] question, out string kind)
    {
        var reader = new EnvelopeReader(opened.Content.Span);
        kind = reader.Text() ?? "";
        var hash = reader.Bytes();
        return reader.IsComplete && CryptographicOperations.FixedTimeEquals(hash, SHA256.HashData(question));
    }

    private static async Task WriteAsync(
        IFeatureCollection features, OpenedEnvelope opened, AnswerKind kind, ReadOnlyMemory<byte> answer, CancellationToken cancellationToken)
    {
        var headers = features.GetRequiredFeature<IHttpResponseFeature>().Headers;
        headers[StickyHeaders.Answer] = SignedAnswer.Seal(opened.Key, opened.Mac, kind, [], answer.Span);
        headers.ContentLength = answer.Length;
        if (!answer.IsEmpty)
        {
            await features.GetRequiredFeature<IHttpResponseBodyFeature>().Stream.WriteAsync(answer, cancellationToken);
        }
    }

    private static async Task<byte[]?> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        var buffer = new byte[4096];
        int read;
        while ((read = await body.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (content.Length + read > MaxLength)
            {
                return null;
            }

            content.Write(buffer, 0, read);
        }

        return content.ToArray();
    }
}
