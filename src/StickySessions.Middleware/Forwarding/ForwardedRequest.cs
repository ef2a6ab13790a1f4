using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace StickySessions.Forwarding;

/// <summary>
/// A request at its owner: first made to look as the client sent it, then, at the owner's <c>UseStickySessions</c>, as it was
/// at the same point of the ingress node.
/// </summary>
internal sealed class ForwardedRequest : IForwardedRequestFeature
{
    private readonly OpenedRequest _opened;
    private bool _isRestored;
    private List<KeyValuePair<string, StringValues>>? _hidden;

    private ForwardedRequest(OpenedRequest opened) => _opened = opened;

    public ForwardedSession Session => _opened.Envelope.Session;

    public string Ingress => _opened.Envelope.Ingress;

    public OriginalRequest Original => _opened.Envelope.Request;

    /// <summary>Puts the original request's facts on the features and this feature beside them.</summary>
    public static ForwardedRequest Restore(IFeatureCollection features, OpenedRequest opened, HiddenHeaders hiddenHeaders)
    {
        var forwarded = new ForwardedRequest(opened);
        var request = features.GetRequiredFeature<IHttpRequestFeature>();
        request.Headers.Remove(StickyHeaders.Envelope);
        hiddenHeaders.TakeFrom(request.Headers, ref forwarded._hidden);
        RequestRestoration.Restore(features, request, forwarded.Original);
        features.Set<IForwardedRequestFeature>(forwarded);
        return forwarded;
    }

    public void RestoreRequest(HttpContext context)
    {
        if (_isRestored)
        {
            // The pipeline runs again, for an error page: what it has changed since is meant.
            return;
        }

        _isRestored = true;
        var original = Original;
        var request = context.Request;
        if (_hidden is not null)
        {
            foreach (var (name, values) in _hidden)
            {
                request.Headers[name] = values;
            }
        }

        request.Scheme = original.Scheme;
        request.Headers.Host = original.Host;
        RequestRestoration.RestoreConnection(context.Features, original);
        if (original.Rewritten is { } path)
        {
            request.PathBase = path.PathBase;
            request.Path = path.Path;
            request.QueryString = new QueryString(path.Query);
        }
    }

    public Task RefuseAsync(HttpContext context, NotMine answer)
    {
        if (context.Response.HasStarted)
        {
            throw new InvalidOperationException("Only before the application has answered can a node say that it does not own the session.");
        }

        var writer = new EnvelopeWriter();
        try
        {
            NotMineCodec.Write(ref writer, answer);
            context.Response.Clear();
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            context.Response.Headers[StickyHeaders.Answer] = SignedAnswer.Seal(_opened.Key, _opened.Mac, AnswerKind.NotMine, writer.Written);
        }
        finally
        {
            writer.Dispose();
        }

        return Task.CompletedTask;
    }
}
