namespace StickySessions.Forwarding;

/// <summary>
/// When a pooled HTTP/1.1 connection ends before the first byte of the answer, the transport sends a request again whose body it has not
/// begun to send, whatever the method: one that expects a 100 would run twice. It asks for the encoding of each header that it
/// writes, so there the second time is noticed.
/// </summary>
internal static class SendOnce
{
    private static readonly HttpRequestOptionsKey<bool> Written = new("StickySessions.Written");

    public static void Check(string header, HttpRequestMessage request)
    {
        if (!header.Equals(StickyHeaders.Envelope, StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        if (request.Options.TryGetValue(Written, out _))
        {
            throw new SentTwiceException();
        }

        request.Options.Set(Written, true);
    }
}

/// <summary>The node closed the connection under a request, which may have run.</summary>
internal sealed class SentTwiceException() : IOException("The node closed the connection before it answered.");
