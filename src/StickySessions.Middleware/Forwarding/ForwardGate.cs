using System.Net;
using System.Net.Http.Headers;
using Polly;

namespace StickySessions.Forwarding;

/// <summary>
/// Between the forwarder and the transport: circuit, limit and timeout of the node. It ends at the response headers, so that
/// streams neither hold a place in the limit nor block the circuit's probe.
/// </summary>
internal sealed class ForwardGate : DelegatingHandler
{
    public static readonly HttpRequestOptionsKey<ForwardAttempt> Attempt = new("StickySessions.Attempt");
    private static readonly HttpRequestOptionsKey<HttpContent> ContentOfHeaders = new("StickySessions.ContentOfHeaders");

    public static readonly ResiliencePropertyKey<bool> HasBody = new("StickySessions.HasBody");

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        GiveContent(request);
        if (!request.Options.TryGetValue(Attempt, out var attempt))
        {
            return await base.SendAsync(request, cancellationToken);
        }

        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: false, cancellationToken);
        try
        {
            context.Properties.Set(HasBody, attempt.HasBody);
            var outcome = await attempt.Channel.Pipeline.ExecuteOutcomeAsync(
                static (context, state) => state.Gate.SendToNodeAsync(state.request, context.CancellationToken), context, (Gate: this, request));
            if (outcome.Exception is { } failure)
            {
                attempt.Failure = failure;
            }

            outcome.ThrowIfException();
            return outcome.Result!;
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private async ValueTask<Outcome<HttpResponseMessage>> SendToNodeAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return Outcome.FromResult(await base.SendAsync(request, cancellationToken));
        }
        catch (OperationCanceledException timeout) when (timeout.InnerException is TimeoutException && !cancellationToken.IsCancellationRequested)
        {
            return Outcome.FromException<HttpResponseMessage>(new ConnectTimeoutException(timeout));
        }
        catch (Exception failure)
        {
            return Outcome.FromException<HttpResponseMessage>(failure);
        }
    }

    /// <summary>Where the headers of content go while the request has none: the forwarder lets nobody else set the content.</summary>
    public static HttpContentHeaders HeadersWithoutContent(HttpRequestMessage request)
    {
        if (!request.Options.TryGetValue(ContentOfHeaders, out var content))
        {
            content = new ByteArrayContent([]);
            request.Options.Set(ContentOfHeaders, content);
        }

        return content.Headers;
    }

    /// <summary>
    /// When a pooled HTTP/1.1 connection ends before the first byte of the answer, the transport sends a request without content
    /// again, whatever its method: an order would be placed twice. It never does so for one with content, even if that is empty.
    /// </summary>
    private static void GiveContent(HttpRequestMessage request)
    {
        if (request.Content is null && request.Options.TryGetValue(ContentOfHeaders, out var content))
        {
            request.Content = content;
        }

        if (request.Version < HttpVersion.Version20)
        {
            request.Content ??= new ByteArrayContent([]);
        }
    }
}
