using System.Collections.Immutable;

namespace StickySessions.Tests.Unit.Model;

/// <summary>A node's tag: its join sequence and, so that traces can be read, which node it is. 0 is none.</summary>
internal readonly record struct Tag(int Value) : IComparable<Tag>
{
    public static Tag Of(int sequence, int node) => new((sequence << 2) | node);

    public int Sequence => Value >> 2;

    public int Node => Value & 3;

    public bool IsNone => Value == 0;

    public int CompareTo(Tag other) => Value.CompareTo(other.Value);

    public override string ToString() => IsNone ? "–" : $"{(char)('A' + Node)}{Sequence}";
}

/// <summary>What a client's cookie says: the owner and the epoch.</summary>
internal readonly record struct Token(Tag Owner, int Epoch)
{
    public int Number => (Owner.Value << 6) | Epoch;

    public override string ToString() => $"({Owner}, {Epoch})";

    public static Token Of(int number) => new(new Tag(number >> 6), number & 63);
}

/// <summary>The record in Redis; null if there is none.</summary>
internal sealed record Record(Tag Owner, int Epoch, bool Ended = false)
{
    public override string ToString() => Ended ? $"ended at {Epoch}" : $"({Owner}, {Epoch})";
}

/// <summary>The nodes that a node knows: live ones, and which are gone for sure.</summary>
/// <param name="Generation">Changes when the view was lost and rebuilt.</param>
/// <param name="Version">Rises with each change.</param>
/// <param name="Sequence">The highest join sequence that was given.</param>
/// <param name="IsLive">Whether a node is live; one that is missing was never known, or lost.</param>
/// <param name="Settled">From when on a node that is missing is gone: until then those that were lost may come back.</param>
internal sealed record View(int Generation, int Version, int Sequence, int Settled, ImmutableSortedDictionary<Tag, bool> IsLive)
{
    public static readonly View None = new(0, 0, 0, 0, ImmutableSortedDictionary<Tag, bool>.Empty);

    public bool Has(Tag tag) => IsLive.GetValueOrDefault(tag);

    public bool IsGone(Tag tag, int now, Rules rules)
        => !Has(tag) && !(rules.UnknownIsNotGone && tag.Sequence > Sequence) && !(rules.MissingIsNotGone && now < Settled && !IsLive.ContainsKey(tag));

    public IEnumerable<Tag> Live => IsLive.Where(node => node.Value).Select(node => node.Key);

    public override string ToString() => string.Join(' ', Live);
}

/// <summary>Redis: the leases by its own clock, the view and the record of the one session.</summary>
/// <param name="IsUp">Whether it answers.</param>
/// <param name="Connection">Another one after each stop or failover.</param>
/// <param name="Generation">Changes when the view was lost and rebuilt; 0 if there is no view.</param>
/// <param name="Version">Rises with each change of the view.</param>
/// <param name="Sequence">The highest join sequence that was given.</param>
/// <param name="Settled">When the view is as old as a lease since it was rebuilt.</param>
/// <param name="Leases">When the lease of each node ends; null of a node that is gone.</param>
/// <param name="LastBeat">When anybody beat last, by Redis' clock.</param>
/// <param name="Record">The record of the session.</param>
/// <param name="Before">What a replica has that is one write behind.</param>
internal sealed record RedisState(
    bool IsUp, int Connection, int Generation, int Version, int Sequence, int Settled, ImmutableSortedDictionary<Tag, int?> Leases, int LastBeat, Record? Record, RedisState? Before)
{
    public static readonly RedisState Empty = new(true, 1, 0, 0, 0, 0, ImmutableSortedDictionary<Tag, int?>.Empty, 0, null, null);

    public View View => new(Generation, Version, Sequence, Settled, Leases.ToImmutableSortedDictionary(lease => lease.Key, lease => lease.Value is not null));

    /// <summary>Remembers the last three writes: what an asynchronous replica may not have yet.</summary>
    public RedisState Write(RedisState next) => next with { Before = this with { Before = Before is { Before: { } two } one ? one with { Before = two with { Before = null } } : Before } };

    public override string ToString()
        => IsUp ? $"leases [{string.Join(' ', Leases.Where(lease => lease.Value is not null).Select(lease => $"{lease.Key}<{lease.Value}"))}], record {Record?.ToString() ?? "none"}" : "down";
}

/// <summary>The session in a node's memory.</summary>
/// <param name="Epoch">The epoch at which this node owns it.</param>
/// <param name="Under">The tag under which this node came to own it.</param>
/// <param name="Ended">Whether it has ended; it stays so.</param>
/// <param name="IsVerified">False from when Redis was away until the record was read again.</param>
internal sealed record Held(int Epoch, Tag Under, bool Ended = false, bool IsVerified = true)
{
    /// <summary>When it was last compared with the record.</summary>
    public int LookedAt { get; init; }
}

/// <summary>A beat on its way to Redis, or its reply on its way back.</summary>
internal sealed record Beat(int Sent, Tag Tag, View Known, bool Distrust, Tag Granted = default, View? Reply = null, int Connection = 0, bool WasLost = false);

internal sealed record NodeState(int Index)
{
    /// <summary>None while it joins.</summary>
    public Tag Tag { get; init; }

    public ImmutableArray<Tag> Former { get; init; } = [];

    public View View { get; init; } = View.None;

    public int Deadline { get; init; } = -1;

    public Held? Held { get; init; }

    /// <summary>The highest epoch at which it gave the session away.</summary>
    public int GivenAway { get; init; }

    public Beat? Beat { get; init; }

    public int LastSent { get; init; } = -1;

    /// <summary>The connection to Redis that the last reply came through.</summary>
    public int Connection { get; init; } = 1;

    public bool IsPaused { get; init; }

    public bool IsCutFromRedis { get; init; }

    public bool IsCutFromPeers { get; init; }

    /// <summary>When it was last paused, cut off or killed.</summary>
    public int FaultAt { get; init; } = -1000;

    /// <summary>When it last asked its peers whether they are past their deadlines, and whether all it could reach were.</summary>
    public int ProbedAt { get; init; } = -1;

    public bool PeersArePast { get; init; }

    public bool IsReachable => !IsPaused && !IsCutFromPeers && !Tag.IsNone;

    public NodeState GiveAway() => this with { Held = null, GivenAway = Math.Max(GivenAway, Held?.Epoch ?? 0) };

    public char Name => (char)('A' + Index);
}

internal sealed record World(Setup Setup, int Now, RedisState Redis, int Skew, ImmutableArray<NodeState> Nodes, ImmutableArray<Request> Requests, Ghost Ghost)
{
    public Budget Left { get; init; } = Setup.Faults;

    /// <summary>How many requests have begun.</summary>
    public int Begun { get; init; }

    public Rules Rules => Setup.Rules;

    /// <summary>All tokens that clients have: old ones too, in browsers that were asleep.</summary>
    public ImmutableArray<Token> Tokens { get; init; } = [];

    public World With(NodeState node) => this with { Nodes = Nodes.SetItem(node.Index, node) };

    public World With(Request request) => this with { Requests = Requests.SetItem(IndexOf(request.Id), request) };

    public World Without(Request request) => this with { Requests = Requests.RemoveAt(IndexOf(request.Id)) };

    public Request Request(int id) => Requests[IndexOf(id)];

    public bool Reaches(NodeState node) => Redis.IsUp && !node.IsCutFromRedis;

    private int IndexOf(int id)
    {
        for (var i = 0; i < Requests.Length; i++)
        {
            if (Requests[i].Id == id)
            {
                return i;
            }
        }

        return -1;
    }
}
