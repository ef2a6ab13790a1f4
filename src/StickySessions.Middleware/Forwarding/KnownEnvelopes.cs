using StickySessions.Tokens;

namespace StickySessions.Forwarding;

/// <summary>A forwarded request's envelope, verified and read. Requests that carry the same standing envelope share one.</summary>
internal sealed record OpenedRequest(ClusterKey Key, UInt128 Mac, RequestEnvelope Envelope);

/// <summary>
/// The standing envelopes that this node has verified: one that comes again costs a comparison instead of a MAC. A table of fixed size
/// in which a later envelope takes the place of an earlier one, so strangers can neither fill it nor make it grow. Safe for
/// concurrent use.
/// </summary>
internal sealed class KnownEnvelopes
{
    private const int Places = 4096;

    /// <summary>Longer ones are rare, and would make the table large.</summary>
    private const int MaxLength = 1024;

    // The text ends in its MAC, which is as good as random.
    private const int HashedCharacters = 8;

    private readonly Entry?[] _entries = new Entry?[Places];

    /// <summary>Finds what was verified with these very keys and is still of this time.</summary>
    public OpenedRequest? Find(string text, KeyRing keys, DateTimeOffset now)
        => text.Length is > HashedCharacters and <= MaxLength
            && Volatile.Read(ref _entries[PlaceOf(text)]) is { } entry
            && entry.Keys == keys
            && string.Equals(entry.Text, text, StringComparison.Ordinal)
            && SignedEnvelope.IsOfThisTime(entry.Issued, now)
                ? entry.Request
                : null;

    public void Add(string text, KeyRing keys, DateTimeOffset issued, OpenedRequest request)
    {
        if (text.Length <= MaxLength)
        {
            Volatile.Write(ref _entries[PlaceOf(text)], new Entry(text, keys, issued, request));
        }
    }

    private static int PlaceOf(string text) => (int)((uint)string.GetHashCode(text.AsSpan(^HashedCharacters..)) % Places);

    private sealed record Entry(string Text, KeyRing Keys, DateTimeOffset Issued, OpenedRequest Request);
}
