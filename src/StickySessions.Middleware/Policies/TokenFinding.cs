using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>What the request's tokens said: a closed set, fit for the tag of a counter.</summary>
internal enum TokenFindingStatus
{
    /// <summary>No token where the policy looks for one.</summary>
    None,

    Valid,
    Malformed,
    Oversized,
    UnknownVersion,
    UnknownKey,
    Forged,

    /// <summary>The session is older than the policy's <see cref="StickyPolicyOptions.AbsoluteTimeout"/>.</summary>
    Expired,

    /// <summary>A token of the application that says nothing of its session's owner: the session's home knows.</summary>
    Unbound,

    /// <summary>Two sources found different tokens, and the policy wants neither.</summary>
    Conflict,

    /// <summary>Nothing is known of the session, and too many others are looked for.</summary>
    Busy,
}

/// <param name="Status">With several tokens: valid if one is, else what is wrong with the first.</param>
/// <param name="Token">The token, if valid; if unbound, without an owner.</param>
internal readonly record struct TokenFinding(TokenFindingStatus Status, StickyToken Token)
{
    public bool IsValid => Status == TokenFindingStatus.Valid;

    /// <summary>Whether it names a session and not its owner.</summary>
    public bool IsUnbound => Status == TokenFindingStatus.Unbound;

    public bool IsRejected => Status is not (TokenFindingStatus.None or TokenFindingStatus.Valid or TokenFindingStatus.Unbound);

    /// <summary>A token that the application made.</summary>
    public static TokenFinding Unbound(SessionId session) => new(TokenFindingStatus.Unbound, new StickyToken(session, default, Epoch: 1, default, default));
}

internal static class TokenFindingStatusTags
{
    // Written by hand: a rename in code must change nobody's dashboard.
    public static string ToTag(this TokenFindingStatus status) => status switch
    {
        TokenFindingStatus.None => "none",
        TokenFindingStatus.Valid => "valid",
        TokenFindingStatus.Malformed => "malformed",
        TokenFindingStatus.Oversized => "oversized",
        TokenFindingStatus.UnknownVersion => "unknown-version",
        TokenFindingStatus.UnknownKey => "unknown-key",
        TokenFindingStatus.Expired => "expired",
        TokenFindingStatus.Unbound => "unbound",
        TokenFindingStatus.Conflict => "conflict",
        TokenFindingStatus.Busy => "busy",
        _ => "forged",
    };
}
