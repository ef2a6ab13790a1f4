using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Forwarding;

/// <summary>
/// What the interconnect serves: forwarded requests run the application's whole pipeline, questions of peers are answered, all
/// else is refused.
/// </summary>
internal sealed class InterconnectApplication(EnvelopeGate gate, PipelineCapture capture, PeerQuestions questions) : IHttpApplication<IApplicationRequest>
{
    public IApplicationRequest CreateContext(IFeatureCollection contextFeatures)
    {
        var request = contextFeatures.GetRequiredFeature<IHttpRequestFeature>();
        if (!gate.TryOpen(request, out var forwarded, out var question))
        {
            return gate.Refuse(contextFeatures);
        }

        if (forwarded is null)
        {
            return new PeerQuestionRequest(questions, contextFeatures, question);
        }

        if (!capture.IsReady)
        {
            // Its features must not be touched either: the answer needs none of them.
            return new ShortAnswer(
                contextFeatures, StatusCodes.Status503ServiceUnavailable, StickyHeaders.Answer, SignedAnswer.Seal(forwarded.Key, forwarded.Mac, AnswerKind.NotReady, []));
        }

        gate.Restore(contextFeatures, forwarded);
        return capture.Begin(contextFeatures);
    }

    public Task ProcessRequestAsync(IApplicationRequest context) => context.ProcessAsync();

    public void DisposeContext(IApplicationRequest context, Exception? exception) => context.End(exception);

    private sealed class PeerQuestionRequest(PeerQuestions questions, IFeatureCollection features, OpenedEnvelope opened) : IApplicationRequest
    {
        public Task ProcessAsync() => questions.AnswerAsync(features, opened);

        public void End(Exception? exception)
        {
        }
    }
}
