using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace StickySessions.Forwarding;

/// <summary>
/// Outermost in the pipeline: requests from the interconnect pass; from those of public listeners everything is removed that
/// only nodes may say, unless this node has no interconnect and the envelope is valid.
/// </summary>
internal sealed class PublicListenerFilter(
    EnvelopeGate gate,
    PipelineCapture capture,
    PeerQuestions questions,
    IOptions<StickyInterconnectOptions> options,
    IOptions<ForwardedHeadersOptions> proxies) : IStartupFilter
{
    private readonly bool _acceptsEnvelopes = !options.Value.Enabled;
    private readonly string _forwardedHost = proxies.Value.ForwardedHostHeaderName;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(pipeline =>
        {
            capture.TakePipeline(pipeline);
            return context => Invoke(context, pipeline);
        });
        next(app);
    };

    private Task Invoke(HttpContext context, RequestDelegate pipeline)
    {
        if (context.Features.Get<IForwardedRequestFeature>() is not null)
        {
            return pipeline(context);
        }

        if (_acceptsEnvelopes && context.Request.Headers.ContainsKey(StickyHeaders.Envelope))
        {
            var request = context.Features.GetRequiredFeature<IHttpRequestFeature>();
            if (gate.TryOpen(request, out var forwarded, out var question))
            {
                if (forwarded is null)
                {
                    return questions.AnswerAsync(context.Features, question);
                }

                gate.Restore(context.Features, forwarded);
                RemoveReserved(context.Request.Headers);
                return pipeline(context);
            }
        }

        RemoveReserved(context.Request.Headers);
        OwnersCookies.Guard(context);
        ArrivedHost.Keep(context, _forwardedHost);
        return pipeline(context);
    }

    private static void RemoveReserved(IHeaderDictionary headers)
    {
        List<string>? reserved = null;
        foreach (var (name, _) in headers)
        {
            if (StickyHeaders.IsReserved(name))
            {
                (reserved ??= []).Add(name);
            }
        }

        if (reserved is not null)
        {
            // No lambda: what it captures would be allocated for each request, reserved headers or not.
            foreach (var name in reserved)
            {
                headers.Remove(name);
            }
        }
    }
}
