using System.Diagnostics.CodeAnalysis;
using StickySessions.Cluster;
using StickySessions.Forwarding;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>Where a request goes.</summary>
internal enum RouteKind
{
    /// <summary>This node owns the session and has entered it.</summary>
    Here,

    /// <summary>To another node.</summary>
    There,

    /// <summary>Forwarded here by mistake: another node owns the session.</summary>
    NotMine,

    /// <summary>The session of the token is no more: a new one begins.</summary>
    NewSession,

    /// <summary>Nobody can be named now.</summary>
    Nowhere,
}

/// <summary>The decision about one request, made before the application runs.</summary>
internal readonly struct SessionRoute
{
    private SessionRoute(RouteKind kind) => Kind = kind;

    public RouteKind Kind { get; }

    /// <summary>The session, entered: it must be exited once.</summary>
    public HeldSession? Session { get; private init; }

    /// <summary>Whether this node has just become the owner.</summary>
    public bool Claimed { get; private init; }

    public Node? Target { get; private init; }

    public ForwardPurpose Purpose { get; private init; }

    /// <summary>The client's token, or what a record knows better: for the target, or for the ingress node.</summary>
    public StickyToken Token { get; private init; }

    public string? Reason { get; private init; }

    [MemberNotNullWhen(true, nameof(Session))]
    public bool IsHere => Kind == RouteKind.Here;

    public static SessionRoute Here(HeldSession session, bool claimed = false) => new(RouteKind.Here) { Session = session, Claimed = claimed };

    public static SessionRoute There(Node target, ForwardPurpose purpose, StickyToken token)
        => new(RouteKind.There) { Target = target, Purpose = purpose, Token = token };

    public static SessionRoute NotMine(StickyToken known) => new(RouteKind.NotMine) { Token = known };

    public static SessionRoute NewSession() => new(RouteKind.NewSession);

    public static SessionRoute Nowhere(string reason) => new(RouteKind.Nowhere) { Reason = reason };
}
