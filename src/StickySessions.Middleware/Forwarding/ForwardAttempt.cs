using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Forwarder;

namespace StickySessions.Forwarding;

/// <summary>One attempt to forward one request: how it is translated, and what became of it.</summary>
internal sealed class ForwardAttempt(NodeChannel channel, ForwardedSession session, RequestSealer sealer) : HttpTransformer
{
    private static readonly UriCreationOptions ByteForByte = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private SealedEnvelope _envelope;

    public NodeChannel Channel => channel;

    public bool HasBody { get; private set; }

    /// <summary>Where the headers of content are while the request has none.</summary>
    public HttpContent? ContentOfHeaders { get; private set; }

    /// <summary>What the transport threw before there was an answer.</summary>
    public Exception? Failure { get; set; }

    /// <summary>The node's own answer, given before its application ran.</summary>
    public AnswerKind? Answer { get; private set; }

    public NotMine NotMine { get; private set; }

    /// <summary>The node does not accept our envelopes.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>The whole answer was passed on; what fails later (a body nobody read) does not matter.</summary>
    public bool IsResponseComplete { get; private set; }

    public override ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        HasBody = proxyRequest.Content is not null;
        var target = OriginalRequestReader.WireTarget(httpContext, out var rawTarget);
        proxyRequest.RequestUri = WireUri(destinationPrefix, target);
        ContentOfHeaders = ForwardedHeaderRules.CopyRequest(httpContext.Request, proxyRequest);
        _envelope = sealer.Seal(httpContext, proxyRequest, session, target, rawTarget);
        proxyRequest.Headers.TryAddWithoutValidation(StickyHeaders.Envelope, _envelope.Text);
        return default;
    }

    public override ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is null || IsNodesOwnAnswer(proxyResponse))
        {
            return new ValueTask<bool>(false);
        }

        var wire = proxyResponse.RequestMessage!;
        if (proxyResponse.StatusCode == HttpStatusCode.SwitchingProtocols && !wire.Headers.NonValidated.Contains(HeaderNames.Upgrade))
        {
            throw new HttpRequestException("The node switched protocols though nobody asked for it.");
        }

        if (proxyResponse.Headers.NonValidated.TryGetValues(StickyHeaders.Status, out var status)
            && int.TryParse(status.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var real))
        {
            httpContext.Response.StatusCode = real;
        }

        ForwardedHeaderRules.CopyResponse(proxyResponse, httpContext);
        OwnersCookies.Keep(httpContext);
        return IsUpgrade(proxyResponse, wire) ? new ValueTask<bool>(true) : PromptHeaders.ApplyAsync(proxyResponse, httpContext.Response, cancellationToken);
    }

    public override async ValueTask TransformResponseTrailersAsync(
        HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken)
    {
        await base.TransformResponseTrailersAsync(httpContext, proxyResponse, cancellationToken);
        IsResponseComplete = true;
    }

    /// <summary>Most targets are what an ordinary URI makes of them; only the others need the kind that some handlers cannot read.</summary>
    private static Uri WireUri(string prefix, string target)
    {
        var address = prefix + target;
        var ordinary = new Uri(address);
        return string.Equals(ordinary.PathAndQuery, target, StringComparison.Ordinal) ? ordinary : new Uri(address, ByteForByte);
    }

    /// <summary>From here on both sides speak at will, and the forwarder sends the headers itself.</summary>
    private static bool IsUpgrade(HttpResponseMessage response, HttpRequestMessage wire)
        => response.StatusCode == HttpStatusCode.SwitchingProtocols || (response.StatusCode == HttpStatusCode.OK && OriginalRequestReader.IsWebSocketOverHttp2(wire));

    private bool IsNodesOwnAnswer(HttpResponseMessage response)
    {
        if (response.IsSuccessStatusCode)
        {
            // What a node says for itself is never a success.
            return false;
        }

        var headers = response.Headers.NonValidated;
        if (headers.TryGetValues(StickyHeaders.Answer, out var text)
            && SignedAnswer.TryOpen(text.ToString(), _envelope.Key, _envelope.Mac, body: [], out var kind, out var content))
        {
            if (kind == AnswerKind.NotMine && NotMineCodec.TryRead(content.Span, out var notMine))
            {
                NotMine = notMine;
            }

            Answer = kind;
            return true;
        }

        IsRefused = response.StatusCode == HttpStatusCode.Unauthorized && headers.Contains(StickyHeaders.Refused);
        return IsRefused;
    }
}
