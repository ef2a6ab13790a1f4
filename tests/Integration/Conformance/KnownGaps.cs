namespace StickySessions.Tests.Integration.Conformance;

/// <summary>
/// Rows that are not the same yet, or cannot be, and why. Each is run and must differ, then counts as skipped: whoever closes a
/// gap is told to take its line out.
/// </summary>
internal static class KnownGaps
{
    private const string RewrittenHost = "The owner's host filtering sees the host that UseForwardedHeaders made of the client's.";
    private const string PublicConnect = "Without an interconnect the WebSocket of an HTTP/2 client arrives as CONNECT without its feature.";
    private const string PublicEncoding = "Without an interconnect header values cross in UTF-8, whatever encodings the application chose.";
    private const string PublicHalfDuplex = "Over HTTP/1.1 an answer that comes before the end of the body is read too late.";
    private const string PublicEnvelope = "Without an interconnect the envelope takes one of the headers that the application's listener allows.";

    private static readonly (string Test, string Argument, Transport[] Over, string Reason)[] Table =
    [
        ("Request_ThroughProxy_", "\"for another host\"", Transports.Forwarded, RewrittenHost),
        ("Request_ThroughProxy_", "\"all at once\"", Transports.Forwarded, RewrittenHost),
        ("WebSocketRows.", "\"2.0\"", [Transport.Http11], PublicConnect),
        ("AnswerRows.", " /latin1\"", [Transport.Http11], PublicEncoding),
        ("RequestHeaders_OfAnyKind_", "\"Latin-1\"", [Transport.Http11], PublicEncoding),
        ("", "above the server's limit", [Transport.Http11], PublicHalfDuplex),
        ("ExpectContinue_ApplicationRejects_", "", [Transport.Http11], PublicHalfDuplex),
        ("RequestHeaders_OfAnyKind_", "\"as many as there may be\"", [Transport.Http11], PublicEnvelope),
    ];

    /// <summary>Why the running test cannot pass, or null.</summary>
    public static string? Find(Transport transport, string test)
        => Table.FirstOrDefault(gap => gap.Over.Contains(transport) && Contains(test, gap.Test) && Contains(test, gap.Argument)).Reason;

    private static bool Contains(string test, string part) => test.Contains(part, StringComparison.Ordinal);
}
