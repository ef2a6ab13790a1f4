using System.Collections.Immutable;

namespace StickySessions.Tests.Unit.Model;

/// <summary>Looks for a history that breaks an invariant.</summary>
internal static class Explorer
{
    /// <summary>Three nodes have joined; A owns the session at epoch 1, and a client has the token.</summary>
    public static World Start(Setup setup)
    {
        var tags = Enumerable.Range(0, setup.Nodes).Select(node => Tag.Of(node + 1, node)).ToArray();
        var redis = RedisState.Empty with
        {
            Generation = 1,
            Version = 1,
            Sequence = setup.Nodes,
            Leases = tags.ToImmutableSortedDictionary(tag => tag, _ => (int?)setup.Lease),
        };
        var nodes = tags.Select(tag => new NodeState(tag.Node)
        {
            Tag = tag,
            View = redis.View,
            Deadline = setup.Fence,
            LastSent = 0,
            Held = tag.Node == 0 ? new Held(1, tag) : null,
        });
        var ghost = Ghost.Nothing with { Fresh = setup.Nodes, Claimed = Ghost.Nothing.Claimed.Add(1, 0) };
        return new World(setup, 0, redis, 0, [.. nodes], [], ghost) { Tokens = [new Token(tags[0], 1)] };
    }

    /// <summary>Walks at random: each seed is one history.</summary>
    /// <returns>The moves of the first history that breaks an invariant, without those that do not matter; null if there is none.</returns>
    public static IReadOnlyList<Move>? Walk(Setup setup, int seeds, int steps)
    {
        for (var seed = 1; seed <= seeds; seed++)
        {
            if (Walk(setup, new Dice((ulong)seed), steps) is { } found)
            {
                return Shortest(setup, found);
            }
        }

        return null;
    }

    private static List<Move>? Walk(Setup setup, Dice dice, int steps)
    {
        var (world, taken) = (Start(setup), new List<Move>());
        while (taken.Count < steps)
        {
            var move = dice.Pick(world.Possible());
            taken.Add(move);
            world = world.Apply(move);
            if (world.Ghost.Violation is not null)
            {
                return taken;
            }
        }

        return null;
    }

    /// <summary>
    /// Leaves out moves for as long as the history still breaks an invariant; what becomes impossible without them goes as well
    /// (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002).
    /// </summary>
    private static List<Move> Shortest(Setup setup, List<Move> moves)
    {
        for (var before = int.MaxValue; moves.Count < before;)
        {
            before = moves.Count;
            for (var length = 16; length >= 1; length /= 2)
            {
                for (var i = moves.Count - length; i >= 0; i = Math.Min(i - 1, moves.Count - length))
                {
                    var kept = moves.Where((_, index) => index < i || index >= i + length);
                    if (Replay(setup, kept) is { } shorter && shorter.Count < moves.Count)
                    {
                        moves = shorter;
                    }
                }
            }
        }

        return moves;
    }

    /// <returns>The moves that were possible, up to the one that broke an invariant; null if none did.</returns>
    private static List<Move>? Replay(Setup setup, IEnumerable<Move> moves)
    {
        var (world, taken) = (Start(setup), new List<Move>());
        foreach (var move in moves)
        {
            if (!world.Possible().Exists(possible => possible with { Begun = 0 } == move with { Begun = 0 }))
            {
                continue;
            }

            taken.Add(move);
            world = world.Apply(move);
            if (world.Ghost.Violation is not null)
            {
                return taken;
            }
        }

        return null;
    }

    /// <summary>The same numbers for the same seed everywhere (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).</summary>
    private sealed class Dice(ulong seed)
    {
        private ulong _state = seed * 0x9E3779B97F4A7C15;

        public Move Pick(List<Move> moves)
        {
            var sum = 0;
            foreach (var move in moves)
            {
                sum += move.Weight;
            }

            var at = (int)(Next() % (ulong)sum);
            foreach (var move in moves)
            {
                at -= move.Weight;
                if (at < 0)
                {
                    return move;
                }
            }

            throw new InvalidOperationException("There is always a move.");
        }

        private ulong Next()
        {
            var mixed = _state += 0x9E3779B97F4A7C15;
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            return mixed ^ (mixed >> 31);
        }
    }
}
