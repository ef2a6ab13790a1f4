using System.Net;
using Polly;

namespace StickySessions.Forwarding;

/// <summary>
/// Between the forwarder and the transport, for one attempt: limit, circuit and timeout of the node. It ends at the response
/// headers, so that streams neither hold a place in the limit nor block the circuit's probe.
/// </summary>
internal sealed class ForwardGate(ForwardAttempt attempt, HttpMessageHandler transport) : HttpMessageInvoker(transport, disposeHandler: false)
{
    public override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Version < HttpVersion.Version20)
        {
            PrepareForHttp1(request);
        }

        // The forwarder lets nobody else set the content before.
        request.Content ??= attempt.ContentOfHeaders;
        var channel = attempt.Channel;
        if (!channel.TryTakePlace())
        {
            throw attempt.Failure = new NodeBusyException();
        }

        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, channel.Lost);
        try
        {
            if (channel.Circuit.MustBeAsked)
            {
                return await SendThroughCircuitAsync(request, waiting.Token);
            }

            try
            {
                return await base.SendAsync(request, waiting.Token);
            }
            catch (Exception failure) when (Named(failure, waiting.Token) is var named)
            {
                attempt.Failure = named;
                await channel.Circuit.ReportAsync(named);
                if (named != failure)
                {
                    throw named;
                }

                throw;
            }
        }
        finally
        {
            channel.LeavePlace();
        }
    }

    private async Task<HttpResponseMessage> SendThroughCircuitAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: false, cancellationToken);
        try
        {
            context.Properties.Set(NodeCircuit.HasBody, attempt.HasBody);
            var outcome = await attempt.Channel.Circuit.Pipeline.ExecuteOutcomeAsync(
                static (context, state) => state.Gate.SendToNodeAsync(state.request, context.CancellationToken), context, (Gate: this, request));
            attempt.Failure = outcome.Exception;
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
        catch (Exception failure)
        {
            return Outcome.FromException<HttpResponseMessage>(Named(failure, cancellationToken));
        }
    }

    private Exception Named(Exception failure, CancellationToken cancellationToken)
        => failure is OperationCanceledException && attempt.Channel.Lost.IsCancellationRequested
            ? new NodeLostException(failure)
            : TransportFailure.Named(failure, cancellationToken);

    /// <summary>
    /// When a pooled HTTP/1.1 connection ends before the first byte of the answer, the transport sends a request without content
    /// again, whatever its method: an order would be placed twice. It never does so for one with content, even if that is empty.
    /// And it hears an answer that comes before the end of the body, such as a 413, only if it asks before it sends the body. That costs
    /// a round trip, so it is done for bodies that are too long to be kept.
    /// </summary>
    private void PrepareForHttp1(HttpRequestMessage request)
    {
        request.Content ??= attempt.ContentOfHeaders ?? new ByteArrayContent([]);
        if (attempt.HasBody && !(request.Content.Headers.ContentLength <= attempt.Channel.LongestKept))
        {
            request.Headers.ExpectContinue = true;
        }
    }
}

/// <summary>The node left the view while the request waited for its answer.</summary>
internal sealed class NodeLostException(Exception inner) : Exception("The node left the cluster without an answer.", inner);

/// <summary>As many requests wait for the node's answers as may.</summary>
internal sealed class NodeBusyException() : Exception("Too many requests wait for the node.");
