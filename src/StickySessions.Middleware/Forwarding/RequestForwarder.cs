using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly.CircuitBreaker;
using Polly.Timeout;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using Yarp.ReverseProxy.Forwarder;

namespace StickySessions.Forwarding;

/// <summary>Sends a request to its owner and decides what its failure means for the client.</summary>
internal sealed partial class RequestForwarder(
    QuietForwarder forwarder,
    ForwardingTransport transport,
    NodeChannels channels,
    RequestSealer sealer,
    IOptions<StickyForwardingOptions> options,
    ForwardingMetrics metrics,
    ILogger<RequestForwarder> logger) : IRequestForwarder
{
    public Task<ForwardResult> ForwardAsync(HttpContext context, Node target, ForwardedSession session)
    {
        if (HttpMethods.IsConnect(context.Request.Method) && context.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true })
        {
            return RefuseTunnelAsync(context);
        }

        var body = KeepBody(context);
        LeaveLimitToOwner(context, body);
        return SendAsync(context, new ForwardAttempt(channels.For(target), session, sealer), body);
    }

    private async Task<ForwardResult> SendAsync(HttpContext context, ForwardAttempt attempt, ReplayableBody? body)
    {
        var error = await forwarder.Forwarder.SendAsync(context, attempt.Channel.Prefix, new ForwardGate(attempt, transport.Handler), attempt.Channel.Config, attempt);

        var result = error == ForwarderError.None && attempt.Answer is null && !attempt.IsRefused
            ? new ForwardResult(ForwardStatus.Completed)
            : await ConcludeAsync(context, attempt, error, body);
        metrics.Forwarded(result.Status);
        if (body is not null && result.Status is (ForwardStatus.Completed or ForwardStatus.Failed))
        {
            await body.DisposeAsync();
        }

        return result;
    }

    private static async Task<ForwardResult> RefuseTunnelAsync(HttpContext context)
    {
        await StickyProblem.WriteAsync(
            context, StatusCodes.Status501NotImplemented, StickyReasons.Tunnel, "CONNECT asks for a tunnel, which is not forwarded to the session's owner.");
        return Failed(StickyReasons.Tunnel);
    }

    private async Task<ForwardResult> ConcludeAsync(HttpContext context, ForwardAttempt attempt, ForwarderError error, ReplayableBody? body)
    {
        // 1. The node spoke for itself before its application ran.
        if (attempt.Answer is { } answer)
        {
            return await TryAgainAsync(
                context, attempt, body, answer == AnswerKind.NotMine ? new(ForwardStatus.NotMine, attempt.NotMine) : new(ForwardStatus.NotSent));
        }

        // 2. Too late to say anything but an abort.
        if (attempt.IsResponseComplete)
        {
            return new ForwardResult(ForwardStatus.Completed);
        }

        if (context.RequestAborted.IsCancellationRequested)
        {
            return new ForwardResult(ForwardStatus.Failed);
        }

        var failure = attempt.Failure ?? context.Features.Get<IForwarderErrorFeature>()?.Exception;
        if (context.Response.HasStarted)
        {
            // The forwarder has reset what it was copying; an upgraded connection it ends politely, as if all had been said.
            LogTruncated(logger, attempt.Channel.Name, error, failure);
            if (error is ForwarderError.UpgradeResponseDestination or ForwarderError.UpgradeRequestDestination)
            {
                context.Abort();
            }

            return error is ForwarderError.UpgradeRequestClient or ForwarderError.UpgradeResponseClient or ForwarderError.ResponseBodyClient
                ? new ForwardResult(ForwardStatus.Failed)
                : Failed(StickyReasons.OwnerLost);
        }

        // 3. The client's own fault keeps its status.
        if (body?.Failure is BadHttpRequestException bad)
        {
            context.Response.Clear();
            context.Response.StatusCode = bad.StatusCode;
            return new ForwardResult(ForwardStatus.Failed);
        }

        // 4. Surely not run, or at the option's risk run again.
        if (attempt.Failure is BrokenCircuitException || TransportFailure.IsConnect(attempt.Failure) || TransportFailure.IsRefusedStream(attempt.Failure)
            || (options.Value.RetrySafeMethods && !attempt.HasBody && IsSafe(context.Request.Method) && TransportFailure.IsConnectionLost(failure)))
        {
            LogNotSent(logger, attempt.Channel.Name, failure?.Message);
            return await TryAgainAsync(context, attempt, body, new ForwardResult(ForwardStatus.NotSent));
        }

        return await WriteProblemAsync(context, attempt, failure);
    }

    /// <summary>Makes the request as if it had never been forwarded, or says that this is no longer possible.</summary>
    private static async Task<ForwardResult> TryAgainAsync(HttpContext context, ForwardAttempt attempt, ReplayableBody? body, ForwardResult result)
    {
        context.Features.Set<IForwarderErrorFeature>(null);
        if (body is { CanReplay: false })
        {
            await StickyProblem.WriteAsync(
                context, StatusCodes.Status503ServiceUnavailable, StickyReasons.BodySent,
                "The session moved to another node while the request was being sent. It has not run; send it again.",
                attempt.Channel.Name, TimeSpan.FromSeconds(1));
            return Failed(StickyReasons.BodySent);
        }

        body?.Rewind();
        RestoreLimit(context, body);
        context.Response.Clear();
        return result;
    }

    private async Task<ForwardResult> WriteProblemAsync(HttpContext context, ForwardAttempt attempt, Exception? failure)
    {
        var node = attempt.Channel.Name;
        var (status, reason, detail, wait) = failure switch
        {
            NodeBusyException => (
                StatusCodes.Status503ServiceUnavailable, StickyReasons.OwnerBusy, "Too many requests wait for the session's owner.", (TimeSpan?)TimeSpan.FromSeconds(1)),
            TimeoutRejectedException => (
                StatusCodes.Status504GatewayTimeout, StickyReasons.OwnerTimeout, "The session's owner did not answer in time. The request may have run.", null),
            _ when attempt.IsRefused => (
                StatusCodes.Status502BadGateway, StickyReasons.OwnerRefused, "The session's owner did not accept the request. It has not run.", null),
            _ => (
                StatusCodes.Status502BadGateway, StickyReasons.OwnerLost, "The session's owner went away. The request may have run.", null),
        };
        if (attempt.IsRefused)
        {
            LogRefused(logger, node, attempt.Channel.Prefix, SignedEnvelope.AcceptWindow);
        }
        else
        {
            LogFailed(logger, node, reason, failure?.GetBaseException().Message);
            LogFailure(logger, node, failure);
        }

        await StickyProblem.WriteAsync(context, status, reason, detail, node, wait);
        return Failed(reason);
    }

    private static ForwardResult Failed(string reason) => new(ForwardStatus.Failed, Reason: reason);

    private ReplayableBody? KeepBody(HttpContext context)
    {
        if (context.Request.Body is ReplayableBody kept)
        {
            return kept;
        }

        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
        {
            return null;
        }

        var body = new ReplayableBody(context.Request.Body, options.Value.ReplayBufferSize);
        context.Request.Body = body;
        context.Response.RegisterForDisposeAsync(body);
        return body;
    }

    /// <summary>The owner applies the application's limit of the body, which an endpoint may have raised; here it would act before that.</summary>
    private static void LeaveLimitToOwner(HttpContext context, ReplayableBody? body)
    {
        if (body is not null && context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            body.LimitHere = limit.MaxRequestBodySize;
            limit.MaxRequestBodySize = null;
        }
    }

    private static void RestoreLimit(HttpContext context, ReplayableBody? body)
    {
        if (body?.LimitHere is not { } limitHere)
        {
            return;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: true })
        {
            // The server's can no longer be set, since it has begun to read. An endpoint may change this one as it could the server's.
            context.Features.Set<IHttpMaxRequestBodySizeFeature>(body);
        }

        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = limitHere;
    }

    private static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

    [LoggerMessage(StickyEventIds.Forwarding + 1, LogLevel.Debug, "Not sent to node {Node}: {Cause}")]
    private static partial void LogNotSent(ILogger logger, string node, string? cause);

    [LoggerMessage(StickyEventIds.Forwarding + 2, LogLevel.Warning, "Forwarding to node {Node} failed ({Reason}): {Cause}")]
    private static partial void LogFailed(ILogger logger, string node, string reason, string? cause);

    // A node that is killed fails a hundred requests in a moment: their stacks would bury the line that says that it is gone.
    [LoggerMessage(StickyEventIds.Forwarding + 5, LogLevel.Debug, "How forwarding to node {Node} failed")]
    private static partial void LogFailure(ILogger logger, string node, Exception? exception);

    [LoggerMessage(StickyEventIds.Forwarding + 3, LogLevel.Warning, "The answer of node {Node} broke off ({Error}); the client's connection was aborted")]
    private static partial void LogTruncated(ILogger logger, string node, ForwarderError error, Exception? exception);

    [LoggerMessage(StickyEventIds.Forwarding + 4, LogLevel.Error, "Node {Node} at {Address} does not accept this node's envelopes: give all nodes the same Keys:Secret, and clocks that differ by less than {Window}")]
    private static partial void LogRefused(ILogger logger, string node, string address, TimeSpan window);
}
