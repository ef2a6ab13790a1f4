namespace StickySessions.Policies;

/// <summary>What happens to a request in which two sources find different tokens, for instance a cookie and a path parameter.</summary>
public enum TokenConflictBehavior
{
    /// <summary>The source that comes first in <see cref="StickyPolicyOptions.Sources"/> is right.</summary>
    PreferFirst,

    /// <summary>The request is answered 400 (<c>token-conflict</c>).</summary>
    Reject,
}
