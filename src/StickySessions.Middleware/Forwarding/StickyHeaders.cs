namespace StickySessions.Forwarding;

/// <summary>
/// The headers that nodes add for each other. None ever comes from a client or reaches one: everything that begins with
/// <see cref="Prefix"/> is removed at public listeners and from answers.
/// </summary>
internal static class StickyHeaders
{
    public const string Prefix = "Sticky-";

    /// <summary>Request: what makes it acceptable on the interconnect, and what the original request was.</summary>
    public const string Envelope = "Sticky-Envelope";

    /// <summary>Response: a node's own word (not the application's), signed for one envelope.</summary>
    public const string Answer = "Sticky-Answer";

    /// <summary>Response: the envelope was not accepted. Unsigned, since the two nodes share no key then.</summary>
    public const string Refused = "Sticky-Refused";

    /// <summary>Response: the status of an application that answered a WebSocket's request without upgrading.</summary>
    public const string Status = "Sticky-Status";

    /// <summary>Response: the application's <c>Upgrade</c> header, which HTTP/2 cannot carry.</summary>
    public const string Upgrade = "Sticky-Upgrade";

    public static bool IsReserved(string name) => name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);
}
