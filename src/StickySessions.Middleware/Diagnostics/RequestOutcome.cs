namespace StickySessions.Diagnostics;

/// <summary>What became of a request at one node that it touched, and why: a closed set. Each node counts it once.</summary>
internal enum RequestOutcome
{
    /// <summary>Answered with an error, which carries one of <see cref="StickyReasons"/>; or something threw that should not.</summary>
    Failed,

    /// <summary>It had no token: a new session began here.</summary>
    New,

    /// <summary>Its token was rejected: a new session began here.</summary>
    TokenInvalid,

    /// <summary>Its token is genuine, and the session is no more: a new one began here.</summary>
    SessionOver,

    /// <summary>A new session began at another node, which the placement chose.</summary>
    Placed,

    /// <summary>This node owns the session, and received the request.</summary>
    Local,

    /// <summary>Forwarded to the owner, which answered.</summary>
    Forwarded,

    /// <summary>Forwarded once more: another node refused it, and said who owns the session.</summary>
    NotMineRepaired,

    /// <summary>The owner was gone: forwarded to the node that takes its session over.</summary>
    OwnerGone,

    /// <summary>The owner was gone, and this node took the session over.</summary>
    Claimed,

    /// <summary>Run here for another node, which received it.</summary>
    Served,

    /// <summary>Answered <em>not mine</em> to another node.</summary>
    Refused,

    /// <summary>Answered 503 because too much runs already: at this node, or on the way to the owner.</summary>
    Shed,

    /// <summary>Not sticky, by its endpoint or its policy: run here.</summary>
    Disabled,

    /// <summary>A CORS preflight, which has no cookies: run here.</summary>
    Preflight,

    /// <summary>The client went away, or sent what cannot be read, before there was an answer.</summary>
    ClientError,
}

internal static class RequestOutcomeTags
{
    // Tags are written by hand so that a rename in code changes nobody's dashboard, and none is allocated for each request.
    public static string ToTag(this RequestOutcome outcome) => outcome switch
    {
        RequestOutcome.New => "new",
        RequestOutcome.TokenInvalid => "token-invalid",
        RequestOutcome.SessionOver => "session-over",
        RequestOutcome.Placed => "placed",
        RequestOutcome.Local => "local",
        RequestOutcome.Forwarded => "forwarded",
        RequestOutcome.NotMineRepaired => "not-mine-repaired",
        RequestOutcome.OwnerGone => "owner-gone",
        RequestOutcome.Claimed => "claimed",
        RequestOutcome.Served => "served",
        RequestOutcome.Refused => "refused",
        RequestOutcome.Shed => "shed",
        RequestOutcome.Disabled => "disabled",
        RequestOutcome.Preflight => "preflight",
        RequestOutcome.ClientError => "client-error",
        _ => "failed",
    };
}
