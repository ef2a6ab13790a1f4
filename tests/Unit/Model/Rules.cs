namespace StickySessions.Tests.Unit.Model;

/// <summary>
/// The rules of the protocol. Each can be switched off, to show that the model finds what the rule is there to prevent.
/// </summary>
internal sealed record Rules
{
    public static readonly Rules All = new();

    /// <summary>A node whose lease may have ended lets no request in (Gray and Cheriton, "Leases", SOSP 1989).</summary>
    public bool FenceOnEntry { get; init; } = true;

    /// <summary>Nor does it answer one that it let in before: the process may have been paused in between (Kleppmann, "How to do distributed locking", 2016).</summary>
    public bool FenceOnAnswer { get; init; } = true;

    /// <summary>The lease is counted from just before the beat was sent, not from its reply.</summary>
    public bool FenceFromSending { get; init; } = true;

    /// <summary>The holder's lease is shorter than the grantor's, by the largest jump of the grantor's clock.</summary>
    public bool FenceShorterThanLease { get; init; } = true;

    /// <summary>What was entered, claimed, read or held under one tag counts only while the node has this very tag.</summary>
    public bool LeaseIsOfOneTag { get; init; } = true;

    /// <summary>A reply that was sent before a node gave a session away does not bring it back there.</summary>
    public bool GivenAwayStaysAway { get; init; } = true;

    /// <summary>A claim names the owner that it replaces, and fails if the record names another.</summary>
    public bool CompareAndSetOnClaim { get; init; } = true;

    /// <summary>A new epoch is above the one in the token as well, not only above the record's.</summary>
    public bool EpochAboveToken { get; init; } = true;

    /// <summary>A hand-off writes a record, even of a session whose state is not stored.</summary>
    public bool RecordOnHandOff { get; init; } = true;

    /// <summary>A tag above the view's highest join sequence is new, not gone.</summary>
    public bool UnknownIsNotGone { get; init; } = true;

    /// <summary>
    /// Nor is one that is missing in a view that was rebuilt less than a lease ago. From then on it is gone for good: it cannot come
    /// back under the same tag, in its own view or another's.
    /// </summary>
    public bool MissingIsNotGone { get; init; } = true;

    /// <summary>If nobody could beat, it was Redis: all leases begin anew.</summary>
    public bool ExtendLeasesAfterOutage { get; init; } = true;

    /// <summary>Who claims from an expired node asks it first to give the session up.</summary>
    public bool GiveUpQuestion { get; init; } = true;

    /// <summary>A forwarded request whose answer got lost is not sent again: it may have run.</summary>
    public bool NeverSendTwice { get; init; } = true;

    /// <summary>Only the ingress node sends a request on, and tries again twice at most.</summary>
    public bool TryAgainTwice { get; init; } = true;

    /// <summary>The end of a session is in the record before it is acknowledged.</summary>
    public bool TombstoneBeforeAnswer { get; init; } = true;

    /// <summary>A node that learns, or has heard, that a session has ended does not forget it.</summary>
    public bool EndIsRemembered { get; init; } = true;

    /// <summary>A record that must have existed and is missing may be created only after all nodes were asked who holds the session.</summary>
    public bool AskHoldersIfRecordIsMissing { get; init; } = true;

    /// <summary>A node that meets another view than its own attaches its own: who is gone in either is gone.</summary>
    public bool MergeViews { get; init; } = true;

    /// <summary>After Redis was away owners read the record of what they hold again, and write it again if it was lost.</summary>
    public bool VerifyAfterReconnect { get; init; } = true;

    /// <summary>They look again from time to time, each session: another owner may have written its record after they looked first.</summary>
    public bool VerifyAgain { get; init; } = true;
}

internal enum RedisLost
{
    /// <summary>Past its deadline a node refuses.</summary>
    Consistency,

    /// <summary>Past its deadline a node serves on while every peer that it reaches is past its own, too.</summary>
    Availability,
}

/// <summary>What is explored: times in ticks, and how often each fault may happen.</summary>
internal sealed record Setup
{
    public Rules Rules { get; init; } = Rules.All;

    public RedisLost Mode { get; init; }

    public int Nodes { get; init; } = 3;

    /// <summary>Requests in flight at the same time.</summary>
    public int Requests { get; init; } = 3;

    public int RequestsInAll { get; init; } = int.MaxValue;

    public int Lease { get; init; } = 4;

    public int Fence { get; init; } = 3;

    /// <summary>How many ticks a beat of a node that runs may take.</summary>
    public int SlowBeat { get; init; } = 1;

    public Budget Faults { get; init; } = new();

    /// <summary>A node keeps time from the sending of its beat; its lease at Redis must outlast this, whatever Redis' clock does.</summary>
    public int Deadline(int sent, int replied)
        => (Rules.FenceFromSending ? sent : replied) + (Rules.FenceShorterThanLease ? Fence : Lease);

    /// <summary>How often owners compare what they hold with its record.</summary>
    public int Upkeep => Rules.VerifyAgain ? Lease : 0;

    /// <summary>
    /// How long two owners may both acknowledge once Redis, nodes and network are well: the one that was away longest serves again after a
    /// beat, and writes its record; the other meets that within one round of upkeep.
    /// </summary>
    public int Convergence => Fence + SlowBeat + Upkeep + 2;

    public bool LosesData => Faults is { Flushes: > 0 } or { Failovers: > 0 };
}

/// <summary>How often each fault may still happen.</summary>
internal sealed record Budget
{
    public int Pauses { get; init; }

    public int Crashes { get; init; }

    public int CutsFromRedis { get; init; }

    public int CutsFromPeers { get; init; }

    public int LostMessages { get; init; }

    public int RedisStops { get; init; }

    public int ClockJumps { get; init; }

    public int HandOffs { get; init; }

    public int Ends { get; init; }

    public int EarlyExpiries { get; init; }

    public int Flushes { get; init; }

    public int Failovers { get; init; }
}
