namespace StickySessions.Tokens;

/// <summary>What became of a text that claims to be a session token.</summary>
internal enum TokenStatus
{
    Valid,

    /// <summary>Not base64url, truncated, or content that this library never writes.</summary>
    Malformed,

    /// <summary>Longer than any session token; it was not even decoded.</summary>
    Oversized,

    /// <summary>Made by a version of this library that this one does not know.</summary>
    UnknownVersion,

    /// <summary>Signed with a secret that this cluster does not have, or no longer accepts.</summary>
    UnknownKey,

    /// <summary>The MAC does not fit the content and the policy.</summary>
    Forged,
}
