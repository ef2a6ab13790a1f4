namespace StickySessions.Policies;

/// <summary>How a session token is bound to the session's owner; load balancers call it the persistence method.</summary>
public enum StickyMethod
{
    /// <summary>By a signed token of this library's own, in a cookie, a header or a query parameter. Needs nothing of the application.</summary>
    Insert,

    /// <summary>
    /// By a signed suffix on the application's own token: <c>JSESSIONID=abc</c> leaves as <c>abc~…</c>, and the application never sees the suffix
    /// again.
    /// </summary>
    Rewrite,

    /// <summary>By a directory in which the application's own token is recorded when a response gives it out.</summary>
    Learn,

    /// <summary>By a hash of the application's own token over the nodes in the view.</summary>
    Hash,
}
