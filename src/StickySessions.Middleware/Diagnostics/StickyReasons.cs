namespace StickySessions.Diagnostics;

/// <summary>The reasons that errors of this library carry. A closed set: clients and alerts may rely on them.</summary>
internal static class StickyReasons
{
    /// <summary>This node has no place in the cluster yet, or none any more.</summary>
    public const string NotJoined = "not-joined";

    /// <summary>The token names a node that this node does not know yet, or nodes disagree who owns the session.</summary>
    public const string OwnerUnknown = "owner-unknown";

    /// <summary>The owner is gone and no active node is in sight to take the session over.</summary>
    public const string NoCandidate = "no-candidate";

    /// <summary>The owner is gone, and the policy keeps its sessions from other nodes: for good, or because too many requests wait for it already.</summary>
    public const string OwnerGone = "owner-gone";

    /// <summary>As many requests run at the owner as may (<c>Node:MaxRequests</c>), and this one was not to wait or has waited long enough.</summary>
    public const string OwnerFull = "owner-full";

    /// <summary>The owner cannot be reached and is not known to be gone.</summary>
    public const string OwnerUnreachable = "owner-unreachable";

    /// <summary>Redis (or the majority of static nodes) is away, so a session whose owner is gone cannot be claimed now.</summary>
    public const string DirectoryUnavailable = "directory-unavailable";

    /// <summary>The owner is gone, and the node that is to take the session over has too many others to take over first.</summary>
    public const string ClaimsBusy = "claims-busy";

    /// <summary>Too many sessions that nobody seems to know are looked for.</summary>
    public const string LookupsBusy = "lookups-busy";

    /// <summary>This node could not renew its lease in time: another may own its sessions. What was running may have run.</summary>
    public const string LeaseExpired = "lease-expired";

    /// <summary>
    /// The owner went away while it had the request, or another node took the session over while it ran. It may have run.
    /// </summary>
    public const string OwnerLost = "owner-lost";

    /// <summary>Redis did not say in time whether it has stored what the request changed. It may have run, and what it changed may be there.</summary>
    public const string OutcomeUnknown = "outcome-unknown";

    /// <summary>Too many requests wait for the owner.</summary>
    public const string OwnerBusy = "owner-busy";

    /// <summary>The owner took longer than <c>Forwarding:ResponseTimeout</c>. The request may have run.</summary>
    public const string OwnerTimeout = "owner-timeout";

    /// <summary>The owner does not accept this node's envelopes: another secret, or clocks far apart.</summary>
    public const string OwnerRefused = "owner-refused";

    /// <summary>The session moved while its request was being sent, and too much of the body was read to send it again.</summary>
    public const string BodySent = "body-sent";

    /// <summary>Too many requests of the session wait for their turn, or this one has waited long enough (<c>OneAtATime</c>).</summary>
    public const string SessionBusy = "session-busy";

    /// <summary>The request was made by one of its own session, which waits for it and has the turn (<c>OneAtATime</c>).</summary>
    public const string SessionReentered = "session-reentered";

    /// <summary>Two sources found different tokens in the request, and the policy wants neither (<c>OnConflict</c>).</summary>
    public const string TokenConflict = "token-conflict";

    /// <summary>CONNECT without a protocol asks for a tunnel, which cannot be forwarded.</summary>
    public const string Tunnel = "tunnel";

    /// <summary>Somebody asked this node to drain who may not.</summary>
    public const string DrainRefused = "drain-refused";

    /// <summary>Somebody asked this node to move a session who may not.</summary>
    public const string MoveRefused = "move-refused";

    /// <summary>The node that a session is to move to is not active, or is the one that was asked.</summary>
    public const string NodeUnknown = "node-unknown";

    /// <summary>No session of this id is known.</summary>
    public const string SessionUnknown = "session-unknown";

    /// <summary>Another node owns the session, and only that one can move it.</summary>
    public const string SessionElsewhere = "session-elsewhere";

    /// <summary>The session stays: requests run in it for longer than was waited, or the other node did not take it.</summary>
    public const string SessionStays = "session-stays";
}

/// <summary>What a reason means to whoever reads the answer, and what to do.</summary>
internal static class StickyReasonDetails
{
    public static string Of(string reason) => reason switch
    {
        StickyReasons.NotJoined => "This node has not joined the cluster yet. Try again shortly.",
        StickyReasons.OwnerUnknown => "The node that owns this session is not known here yet. Try again shortly.",
        StickyReasons.NoCandidate => "The node that owned this session is gone and no other one is active. Try again shortly.",
        StickyReasons.OwnerGone => "The node that owns this session is gone, and no other one serves it now.",
        StickyReasons.OwnerFull => "The node that owns this session has all the requests that it takes at once. Try again shortly.",
        StickyReasons.OwnerUnreachable => "The node that owns this session cannot be reached and is not known to be gone. Try again shortly.",
        StickyReasons.DirectoryUnavailable => "The node that owned this session is gone, and who takes it over cannot be settled now. Try again shortly.",
        StickyReasons.LeaseExpired => "This node has lost touch with the cluster, and another one may own this session now. Try again shortly.",
        StickyReasons.OwnerLost => "Another node took this session over while the request ran. It may have run.",
        StickyReasons.OutcomeUnknown => "Whether what this request changed is stored cannot be told now. It may have run. Look at the state before you repeat it.",
        StickyReasons.LookupsBusy => "This node looks for too many sessions that it has not heard of. Try again shortly.",
        StickyReasons.ClaimsBusy => "The node that owned this session is gone, and many others of its sessions are taken over first. Try again shortly.",
        StickyReasons.SessionBusy => "Other requests of this session run first, one at a time. Try again shortly.",
        StickyReasons.SessionReentered => "This request was made while one of the same session runs that it would have to wait for.",
        StickyReasons.TokenConflict => "The request names two different sessions. Send one token.",
        StickyReasons.DrainRefused => "This node drains only for those whom MapStickySessionsDrain allows: by default for requests from its own machine, and never for another site's page.",
        StickyReasons.MoveRefused => "This node moves sessions only for those whom MapStickySessionsMove allows: by default for requests from its own machine, and never for another site's page.",
        StickyReasons.NodeUnknown => "Say in the query as to=name the name of another node that is active.",
        StickyReasons.SessionUnknown => "No node is known to have this session.",
        StickyReasons.SessionElsewhere => "Another node owns this session: ask that one.",
        StickyReasons.SessionStays => "The session stays here: requests run in it, or the other node did not take it. Try again.",
        _ => "The request was not served. Try again shortly.",
    };

    /// <summary>When a client that is answered 503 may try again.</summary>
    public static TimeSpan RetryAfter(string reason) => reason switch
    {
        // Only the owner's own process helps, or time: it takes about as long as a process takes to start.
        StickyReasons.OwnerGone => TimeSpan.FromSeconds(5),
        _ => TimeSpan.FromSeconds(1),
    };
}
