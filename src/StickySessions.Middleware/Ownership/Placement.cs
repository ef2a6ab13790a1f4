using System.Diagnostics.CodeAnalysis;
using StickySessions.Cluster;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Chooses the node of a new session. Whatever the strategy, a node takes no more than a factor times its share of all load while another has room
/// (Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads", 2018; here the bound only acts on new sessions, since those
/// that are there are never moved).
/// </summary>
internal static class Placement
{
    /// <param name="candidates">The nodes; left in disorder.</param>
    /// <param name="strategy">Who places here and has no room here either takes the least loaded.</param>
    /// <param name="factor">The bound, at least 1; infinite for none.</param>
    /// <param name="session">The new session.</param>
    /// <param name="random">Draws.</param>
    /// <param name="node">The node.</param>
    /// <returns>False if all are full.</returns>
    public static bool Choose(
        Span<PlacementCandidate> candidates,
        PlacementStrategy strategy,
        double factor,
        SessionId session,
        Random random,
        [NotNullWhen(true)] out Node? node)
    {
        var open = candidates[..KeepThoseWithRoom(candidates, factor)];
        node = open.IsEmpty ? null : open[strategy switch
        {
            PlacementStrategy.Hash => Hashed(open, session),
            PlacementStrategy.PowerOfTwoChoices => BetterOfTwo(open, random),
            _ => LeastLoaded(open, random),
        }].Node;
        return node is not null;
    }

    /// <summary>Whether one of the nodes has room for one more session.</summary>
    public static bool HasRoom(ReadOnlySpan<PlacementCandidate> candidates, int index, double factor)
        => HasRoom(candidates[index], PerWeight(candidates, factor));

    private static int KeepThoseWithRoom(Span<PlacementCandidate> candidates, double factor)
    {
        var perWeight = PerWeight(candidates, factor);
        var kept = 0;
        foreach (var candidate in candidates)
        {
            if (HasRoom(candidate, perWeight))
            {
                candidates[kept++] = candidate;
            }
        }

        return kept;
    }

    /// <summary>What a node may hold for its weight, the new session included. With a factor of 1 or more at least one node has room.</summary>
    private static double PerWeight(ReadOnlySpan<PlacementCandidate> candidates, double factor)
    {
        var (load, weight) = (1L, 0.0);
        foreach (var candidate in candidates)
        {
            load += candidate.Load;
            weight += candidate.Weight;
        }

        return weight > 0 ? factor * load / weight : 0;
    }

    private static bool HasRoom(in PlacementCandidate candidate, double perWeight)
        => candidate.Share > 0 && candidate.Load < Math.Ceiling(perWeight * candidate.Weight);

    private static int Hashed(ReadOnlySpan<PlacementCandidate> open, SessionId session)
    {
        var (winner, highest) = (-1, double.NegativeInfinity);
        for (var i = 0; i < open.Length; i++)
        {
            var score = Rendezvous.Score(session, open[i].Node.Name, open[i].Weight);
            if (score >= highest)
            {
                (winner, highest) = (i, score);
            }
        }

        return winner;
    }

    private static int BetterOfTwo(ReadOnlySpan<PlacementCandidate> open, Random random)
    {
        var one = Draw(open, except: -1, random);
        var other = open.Length == 1 ? one : Draw(open, except: one, random);
        return open[other].LoadWithOneMore < open[one].LoadWithOneMore ? other : one;
    }

    /// <summary>One of the nodes, by weight.</summary>
    private static int Draw(ReadOnlySpan<PlacementCandidate> open, int except, Random random)
    {
        var total = 0.0;
        for (var i = 0; i < open.Length; i++)
        {
            total += i == except ? 0 : open[i].Weight;
        }

        var (drawn, left) = (-1, random.NextDouble() * total);
        for (var i = 0; i < open.Length && (drawn < 0 || left >= 0); i++)
        {
            if (i != except)
            {
                drawn = i;
                left -= open[i].Weight;
            }
        }

        return drawn;
    }

    /// <summary>
    /// Of equals any, so that nodes that decide at the same time do not all choose the first. A node that starts slowly would always be the least
    /// loaded, so it is looked at only as often as its share says.
    /// </summary>
    private static int LeastLoaded(ReadOnlySpan<PlacementCandidate> open, Random random)
    {
        var mostShare = 0;
        foreach (var candidate in open)
        {
            mostShare = Math.Max(mostShare, candidate.Share);
        }

        var (least, lowest, equals) = (-1, double.PositiveInfinity, 0);
        for (var i = 0; i < open.Length; i++)
        {
            if (open[i].Share < mostShare && random.Next(mostShare) >= open[i].Share)
            {
                continue;
            }

            var load = open[i].LoadWithOneMore;
            if (load < lowest)
            {
                (least, lowest, equals) = (i, load, 1);
            }
            else if (load == lowest && random.Next(++equals) == 0)
            {
                least = i;
            }
        }

        return least;
    }
}
