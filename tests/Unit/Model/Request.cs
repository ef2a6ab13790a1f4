namespace StickySessions.Tests.Unit.Model;

/// <summary>Where a request is on its way.</summary>
internal enum Phase
{
    /// <summary>At the ingress node, which decides by its view.</summary>
    Arrived,

    /// <summary>On its way to another node, to be served or to be claimed for.</summary>
    ToOwner,
    ToCandidate,

    /// <summary>At that node.</summary>
    AtOwner,
    AtCandidate,

    /// <summary>A script on its way to Redis.</summary>
    Reading,
    Claiming,

    /// <summary>Its reply on its way back.</summary>
    ReadReply,
    ClaimReply,

    /// <summary>The record is missing: the other nodes are asked.</summary>
    AskingHolders,

    /// <summary>The node that is to lose the session is asked to give it up.</summary>
    AskingToGiveUp,

    /// <summary>Let in; the application runs next.</summary>
    Entered,

    /// <summary>The application has run; the tombstone is on its way.</summary>
    Ending,

    /// <summary>The application has run; the response is about to start.</summary>
    Executed,

    /// <summary>The answer is on its way to the client.</summary>
    Answered,

    /// <summary><i>Not mine</i> is on its way to the ingress node.</summary>
    NotMine,
}

internal sealed record Request(int Id, Token Token, int Ingress, bool Ends)
{
    public Phase Phase { get; init; } = Phase.Arrived;

    /// <summary>The node where it is now, or is going.</summary>
    public int At { get; init; } = Ingress;

    /// <summary>How often it was sent to another node.</summary>
    public int Hops { get; init; }

    public int RefusedBy { get; init; } = -1;

    /// <summary>The tag that the node had when it began to handle the request.</summary>
    public Tag Lease { get; init; }

    /// <summary>The epoch at which it was let in.</summary>
    public int Epoch { get; init; }

    public bool MayCreate { get; init; }

    /// <summary>What a script answered.</summary>
    public Record? Reply { get; init; }

    public int Executions { get; init; }

    /// <summary>The highest epoch at which a client had an answer before this request began.</summary>
    public int Floor { get; init; }

    /// <summary>Whether the end of the session was acknowledged before this request began.</summary>
    public bool IsAfterEnd { get; init; }

    public bool IsForwarded => At != Ingress;

    public override string ToString() => $"r{Id}{Token}";
}
