namespace StickySessions.Tokens;

/// <summary>What a session token says once its MAC has been verified: which session, and who owned it at which epoch.</summary>
/// <param name="Session">The session.</param>
/// <param name="Owner">The tag of the node that owned the session when the token was issued: a hint, never an address.</param>
/// <param name="Epoch">Counts the owners of the session from 1. A higher epoch beats a lower one.</param>
/// <param name="Created">When the session began, to the second; its absolute lifetime counts from here.</param>
/// <param name="Issued">When this token was issued, to the millisecond.</param>
internal readonly record struct StickyToken(
    SessionId Session,
    NodeTag Owner,
    uint Epoch,
    DateTimeOffset Created,
    DateTimeOffset Issued);
