using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using StickySessions.Tokens;

namespace StickySessions.Forwarding;

/// <summary>
/// The envelopes of a client's connection that say nothing of the single request: they are sealed once and sent with each request that
/// they fit. The streams of an HTTP/2 connection share them, so each is immutable and replaced as a whole.
/// </summary>
internal sealed class StandingEnvelopes
{
    /// <summary>How long one is sent; far less than it is accepted, so that clocks may differ.</summary>
    private static readonly TimeSpan SentFor = TimeSpan.FromSeconds(30);

    private static readonly object ItemKey = new();

    // One for each combination of body and content length: a client that reads and writes by turns keeps them all.
    private readonly Entry?[] _entries = new Entry?[4];

    /// <summary>Those of the request's connection, or null where the server knows no connections.</summary>
    public static StandingEnvelopes? Of(HttpContext context)
    {
        if (context.Features.Get<IConnectionItemsFeature>()?.Items is not { } items)
        {
            return null;
        }

        // The items are a plain dictionary that parallel streams share.
        lock (items)
        {
            if (!items.TryGetValue(ItemKey, out var envelopes))
            {
                items[ItemKey] = envelopes = new StandingEnvelopes();
            }

            return (StandingEnvelopes?)envelopes;
        }
    }

    public bool TryFind(
        HttpContext context, bool hasBody, in ForwardedSession session, ClusterKey key, DateTimeOffset now, out SealedEnvelope envelope)
    {
        var entry = Volatile.Read(ref Place(hasBody, context.Request.Headers.ContentLength is not null));
        envelope = entry?.Envelope ?? default;
        return entry is not null
            && envelope.Key == key
            && (now - entry.Issued).Duration() < SentFor
            && entry.Session == session
            && IsAbout(entry.Request, context);
    }

    public void Keep(in ForwardedSession session, OriginalRequest request, DateTimeOffset issued, in SealedEnvelope envelope)
        => Volatile.Write(ref Place(request.HasBody, request.HasContentLength), new Entry(session, request, issued, envelope));

    private ref Entry? Place(bool hasBody, bool hasContentLength) => ref _entries[(hasBody ? 2 : 0) + (hasContentLength ? 1 : 0)];

    /// <summary>A proxy in between may send requests of many clients, to many hosts, over one connection.</summary>
    private static bool IsAbout(OriginalRequest known, HttpContext context)
    {
        var request = context.Request;
        var connection = context.Connection;
        var host = request.Headers.Host;
        return string.Equals(known.Host, host.Count == 0 ? null : host.ToString(), StringComparison.Ordinal)
            && string.Equals(known.Scheme, request.Scheme, StringComparison.Ordinal)
            && string.Equals(known.Protocol, request.Protocol, StringComparison.Ordinal)
            && known.RemotePort == connection.RemotePort
            && known.LocalPort == connection.LocalPort
            && Equals(known.RemoteAddress, connection.RemoteIpAddress)
            && Equals(known.LocalAddress, connection.LocalIpAddress);
    }

    private sealed record Entry(ForwardedSession Session, OriginalRequest Request, DateTimeOffset Issued, SealedEnvelope Envelope);
}
