using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Tokens;

namespace StickySessions.Forwarding;

/// <summary>Seals what this node says about the requests that it forwards.</summary>
internal sealed class RequestSealer(IClusterKeys keys, IOptions<StickyNodeOptions> self, TimeProvider time)
{
    /// <param name="context">The request as it is at this node.</param>
    /// <param name="wire">The request that will carry the envelope.</param>
    /// <param name="session">What is known of its session, and what is wanted.</param>
    /// <param name="target">The target on the wire.</param>
    /// <param name="rawTarget">The raw target if the wire cannot carry it.</param>
    public SealedEnvelope Seal(HttpContext context, HttpRequestMessage wire, in ForwardedSession session, string target, string? rawTarget)
    {
        var key = keys.Current.Current;
        var now = time.GetUtcNow();
        if (session.Purpose is ForwardPurpose.Claim or ForwardPurpose.Place or ForwardPurpose.Settle
            || !OriginalRequestReader.IsPlain(context, rawTarget, wire)
            || StandingEnvelopes.Of(context) is not { } standing)
        {
            return Seal(EnvelopeKind.Request, session, OriginalRequestReader.Read(context, rawTarget, wire), key, now, wire.Method.Method, target);
        }

        if (!standing.TryFind(context, wire.Content is not null, session, key, now, out var envelope))
        {
            var request = OriginalRequestReader.Read(context, rawTarget, wire);
            envelope = Seal(EnvelopeKind.Standing, session, request, key, now, method: "", target: "");
            standing.Keep(session, request, now, envelope);
        }

        return envelope;
    }

    private SealedEnvelope Seal(
        EnvelopeKind kind, in ForwardedSession session, OriginalRequest request, ClusterKey key, DateTimeOffset now, string method, string target)
    {
        var writer = new EnvelopeWriter();
        try
        {
            SignedEnvelope.Begin(ref writer, kind, key, now);
            new RequestEnvelope { Session = session, Ingress = self.Value.Name, Request = request }.Write(ref writer);
            return SignedEnvelope.Seal(ref writer, key, method, target);
        }
        finally
        {
            writer.Dispose();
        }
    }
}
