using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>What the request's cookies said: a closed set, fit for the tag of a counter.</summary>
internal enum SessionCookieStatus
{
    /// <summary>No cookie of the policy's name.</summary>
    None,

    Valid,
    Malformed,
    Oversized,
    UnknownVersion,
    UnknownKey,
    Forged,

    /// <summary>The session is older than the policy's <see cref="StickyPolicyOptions.AbsoluteTimeout"/>.</summary>
    Expired,
}

/// <param name="Status">With several cookies: valid if one is, else what is wrong with the first.</param>
/// <param name="Token">The token, if valid.</param>
internal readonly record struct SessionCookieResult(SessionCookieStatus Status, StickyToken Token)
{
    public bool IsValid => Status == SessionCookieStatus.Valid;

    public bool IsRejected => Status is not (SessionCookieStatus.None or SessionCookieStatus.Valid);
}

internal static class SessionCookieStatusTags
{
    // Written by hand: a rename in code must change nobody's dashboard.
    public static string ToTag(this SessionCookieStatus status) => status switch
    {
        SessionCookieStatus.None => "none",
        SessionCookieStatus.Valid => "valid",
        SessionCookieStatus.Malformed => "malformed",
        SessionCookieStatus.Oversized => "oversized",
        SessionCookieStatus.UnknownVersion => "unknown-version",
        SessionCookieStatus.UnknownKey => "unknown-key",
        SessionCookieStatus.Expired => "expired",
        _ => "forged",
    };
}
