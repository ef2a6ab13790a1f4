using System.Collections.Immutable;

namespace StickySessions.Tests.Unit.Model;

/// <summary>What an observer outside the cluster sees, and what must never happen.</summary>
/// <param name="Claimed">Which node was given each epoch, in this history of Redis.</param>
/// <param name="Decided">The highest epoch at which an answer was given.</param>
/// <param name="Seen">The highest epoch of an answer that reached a client.</param>
/// <param name="EndSeen">Whether a client knows that the session has ended.</param>
/// <param name="ForkUntil">Until when two owners are within what is promised.</param>
/// <param name="Fresh">A number that was never used before.</param>
/// <param name="Violation">Which invariant was broken first; null if none.</param>
internal sealed record Ghost(ImmutableSortedDictionary<int, int> Claimed, int Decided, int Seen, bool EndSeen, int ForkUntil, int Fresh, string? Violation)
{
    public static readonly Ghost Nothing = new(ImmutableSortedDictionary<int, int>.Empty, 0, 0, false, -1, 1, null);

    public const int Always = int.MaxValue / 2;
}

internal static class Invariants
{
    public static World Violated(this World world, string what)
        => world.Ghost.Violation is null ? world with { Ghost = world.Ghost with { Violation = what } } : world;

    private static bool IsStrict(this World world) => world.Now > world.Ghost.ForkUntil;

    /// <summary>Redis gave an epoch to an owner: epochs only rise.</summary>
    public static World Granted(this World world, int epoch, Tag owner, int above)
    {
        if (epoch <= above)
        {
            return world.Violated($"epoch {epoch} was given to {owner}, though a client has a token of epoch {above}");
        }

        var claimed = world.Ghost.Claimed;
        if (!claimed.IsEmpty && epoch <= claimed.Keys.Last() && world.IsStrict())
        {
            return world.Violated($"epoch {epoch} was given to {owner} after epoch {claimed.Keys.Last()} had been given");
        }

        return world with { Ghost = world.Ghost with { Claimed = claimed.SetItem(epoch, owner.Node) } };
    }

    public static World LetIn(this World world, Request request)
        => request.Epoch < world.Ghost.Decided && world.IsStrict()
            ? world.Violated($"{request} was let in at epoch {request.Epoch} after an answer at epoch {world.Ghost.Decided}")
            : world;

    public static World Ran(this World world, Request request)
        => request.Executions > 1 ? world.Violated($"{request} was executed twice") : world;

    public static World Sent(this World world, Request request)
        => request.Hops > Protocol.MaxHops ? world.Violated($"{request} was forwarded {request.Hops} times") : world;

    /// <summary>The owner decides to answer. Its epoch is the highest that has answered, and is its own.</summary>
    public static World Decided(this World world, Request request)
    {
        var ghost = world.Ghost;
        if (!world.IsStrict())
        {
            return world;
        }

        if (request.Epoch < ghost.Decided)
        {
            return world.Violated($"{request} was answered at epoch {request.Epoch} after an answer at epoch {ghost.Decided}");
        }

        return ghost.Claimed.TryGetValue(request.Epoch, out var owner) && owner != request.At
            ? world.Violated($"{request} was answered by {world.Nodes[request.At].Name}, which is not the owner of epoch {request.Epoch}")
            : world with { Ghost = ghost with { Decided = request.Epoch } };
    }

    /// <summary>The client has its answer.</summary>
    public static World Delivered(this World world, Request request)
    {
        if (request.IsAfterEnd)
        {
            return world.Violated($"{request} revived a session whose end had been acknowledged");
        }

        if (world.IsStrict() && request.Epoch < request.Floor)
        {
            return world.Violated($"{request} began after an answer at epoch {request.Floor} and was answered at epoch {request.Epoch}");
        }

        var ghost = world.Ghost;
        return world.IsStrict()
            ? world with { Ghost = ghost with { Seen = Math.Max(ghost.Seen, request.Epoch), EndSeen = ghost.EndSeen || request.Ends } }
            : world;
    }

    /// <summary>A lease ended. That must not happen to a node that was well: it could have renewed it.</summary>
    public static World Expired(this World world, Tag tag)
    {
        // A Redis that comes and goes may give one node the time to beat and another not.
        if (world.Setup.Faults is not { RedisStops: <= 1, ClockJumps: 0, Failovers: 0 })
        {
            return world;
        }

        var node = world.Nodes[tag.Node];
        var isWell = node.Tag == tag && node.Beat is null && !node.IsPaused && !node.IsCutFromRedis && node.FaultAt < world.Now - world.Setup.Lease;
        return isWell ? world.Violated($"{tag} was declared gone, though it was well and only Redis was away") : world;
    }

    /// <summary>From now on two owners are within what is promised, until the given time.</summary>
    public static World Tolerate(this World world, int until)
        => world with { Ghost = world.Ghost with { ForkUntil = Math.Max(world.Ghost.ForkUntil, until) } };

    /// <summary>Redis lost writes: what was given and answered before belongs to another history.</summary>
    public static World NewHistory(this World world)
        => (world with
        {
            Ghost = world.Ghost with { Claimed = ImmutableSortedDictionary<int, int>.Empty, Decided = 0, Seen = 0, EndSeen = false },
            Requests = [.. world.Requests.Select(request => request with { Floor = 0, IsAfterEnd = false })],
        }).Tolerate(world.Now + world.Setup.Convergence);
}
