namespace StickySessions.Tests.Unit.Model;

/// <summary>What goes wrong, as often as the budget allows. What was stopped may be started at any time.</summary>
internal static class Faults
{
    public static void AddTo(World world, List<Move> moves)
    {
        var left = world.Left;
        foreach (var node in world.Nodes)
        {
            Add(Act.Resume, node.IsPaused);
            Add(Act.ReconnectToRedis, node.IsCutFromRedis);
            Add(Act.ReconnectToPeers, node.IsCutFromPeers);
            Add(Act.Pause, left.Pauses > 0 && !node.IsPaused);
            Add(Act.Crash, left.Crashes > 0 && !node.IsPaused && !node.Tag.IsNone);
            Add(Act.CutFromRedis, left.CutsFromRedis > 0 && !node.IsCutFromRedis);
            Add(Act.CutFromPeers, left.CutsFromPeers > 0 && !node.IsCutFromPeers);
            Add(Act.ExpireEarly, left.EarlyExpiries > 0 && world.Redis.IsUp && world.Redis.Leases.GetValueOrDefault(node.Tag) is not null);
            foreach (var taker in world.Nodes)
            {
                if (left.HandOffs > 0 && MayHandOff(world, node, taker))
                {
                    moves.Add(new Move(Act.HandOff, node.Index, taker.Index));
                }
            }

            void Add(Act act, bool when)
            {
                if (when)
                {
                    moves.Add(new Move(act, node.Index));
                }
            }
        }

        AddOfRedis(Act.StartRedis, !world.Redis.IsUp);
        AddOfRedis(Act.StopRedis, left.RedisStops > 0 && world.Redis.IsUp);
        AddOfRedis(Act.JumpClock, left.ClockJumps > 0);
        AddOfRedis(Act.Flush, left.Flushes > 0 && world.Redis.IsUp);
        var (older, lost) = (world.Redis.Before, 1);
        for (; left.Failovers > 0 && older is not null; older = older.Before, lost++)
        {
            moves.Add(new Move(Act.FailOver, 0, lost));
        }

        void AddOfRedis(Act act, bool when)
        {
            if (when)
            {
                moves.Add(new Move(act));
            }
        }
    }

    /// <summary>Nothing of the session runs, and both nodes are well.</summary>
    private static bool MayHandOff(World world, NodeState giver, NodeState taker)
        => giver != taker && giver.IsReachable && taker.IsReachable && world.Reaches(giver) && giver.View.Has(taker.Tag)
            && world.Owns(giver) && world.MayServe(giver, giver.Tag)
            && world.Requests.All(request => request.At != giver.Index || request.Phase is not (Phase.Entered or Phase.Ending or Phase.Executed));

    public static World Apply(World world, Move move)
    {
        var left = world.Left;
        var node = move.Who < world.Nodes.Length ? world.Nodes[move.Who] : world.Nodes[0];
        var faulty = node with { FaultAt = world.Now };
        return move.Act switch
        {
            Act.Pause => (world with { Left = left with { Pauses = left.Pauses - 1 } }).With(node with { IsPaused = true }),
            Act.Resume => Healed(world.With(faulty with { IsPaused = false })),
            Act.Crash => Crash(world with { Left = left with { Crashes = left.Crashes - 1 } }, faulty),
            Act.CutFromRedis => (world with { Left = left with { CutsFromRedis = left.CutsFromRedis - 1 } }).With(node with { IsCutFromRedis = true }),
            Act.ReconnectToRedis => Healed(world.With(faulty with { IsCutFromRedis = false })),
            Act.CutFromPeers => CutFromPeers(world with { Left = left with { CutsFromPeers = left.CutsFromPeers - 1 } }, node),
            Act.ReconnectToPeers => Healed(world.With(node with { IsCutFromPeers = false })),
            Act.LoseBeat => LoseMessage(world.With(faulty with { Beat = null }), !world.Reaches(node)),
            Act.LoseProbe => LoseMessage(world.With(node with { ProbedAt = world.Now, PeersArePast = true }), isFree: false),
            Act.LoseRequest => LoseMessage(world.Without(world.Request(move.Who)), isFree: world.Request(move.Who) is not { Phase: Phase.ToOwner or Phase.ToCandidate }),
            Act.LoseReply => LoseMessage(world.With(world.Request(move.Who) with { Phase = Phase.Claiming }), isFree: false),
            Act.LoseAnswer => LoseAnswer(LoseMessage(world, isFree: false), world.Request(move.Who)),
            Act.HandOff => (world with { Left = left with { HandOffs = left.HandOffs - 1 } }).RunHandOff(node, world.Nodes[move.Choice]),
            Act.StopRedis => world with { Left = left with { RedisStops = left.RedisStops - 1 }, Redis = world.Redis with { IsUp = false } },
            Act.StartRedis => world with { Redis = world.Redis with { IsUp = true, Connection = world.Redis.Connection + 1 } },
            Act.JumpClock => world with { Left = left with { ClockJumps = left.ClockJumps - 1 }, Skew = world.Skew + 1 },
            Act.ExpireEarly => ExpireEarly(world with { Left = left with { EarlyExpiries = left.EarlyExpiries - 1 } }, node.Tag),
            Act.Flush => (world with
            {
                Left = left with { Flushes = left.Flushes - 1 },
                Redis = RedisState.Empty with { Connection = world.Redis.Connection + 1 },
            }).NewHistory(),
            Act.FailOver => FailOver(world with { Left = left with { Failovers = left.Failovers - 1 } }, move.Choice),
            _ => throw new InvalidOperationException($"Unknown: {move.Act}."),
        };
    }

    private static World LoseMessage(World world, bool isFree)
        => isFree || world.Left.LostMessages == 0 ? world : world with { Left = world.Left with { LostMessages = world.Left.LostMessages - 1 } };

    /// <summary>The ingress node cannot know whether the request ran.</summary>
    private static World LoseAnswer(World world, Request request)
        => world.Rules.NeverSendTwice ? world.Without(request) : world.With(request with { Phase = Phase.Arrived, At = request.Ingress });

    private static World Crash(World world, NodeState node)
    {
        world = world.With(new NodeState(node.Index) { FaultAt = world.Now, Connection = world.Redis.Connection, IsCutFromPeers = node.IsCutFromPeers, IsCutFromRedis = node.IsCutFromRedis });
        return world with { Requests = world.Requests.RemoveAll(request => request.At == node.Index || request.Ingress == node.Index) };
    }

    private static World ExpireEarly(World world, Tag tag) => (world with
    {
        Redis = world.Redis with { Version = world.Redis.Version + 1, Leases = world.Redis.Leases.SetItem(tag, null) },
    }).Tolerate(world.Now + world.Setup.Fence);

    private static World FailOver(World world, int lost)
    {
        var replica = world.Redis;
        for (var i = 0; i < lost; i++)
        {
            replica = replica.Before!;
        }

        return (world with { Redis = replica with { IsUp = true, Connection = world.Redis.Connection + 1 } }).NewHistory();
    }

    /// <summary>Serving on without Redis while nobody can be asked may fork a session: that is what this mode is.</summary>
    private static World CutFromPeers(World world, NodeState node)
    {
        world = world.With(node with { IsCutFromPeers = true });
        return world.Setup.Mode == RedisLost.Availability ? world.Tolerate(Ghost.Always) : world;
    }

    /// <summary>Where two owners were within what is promised, that ends soon after nodes and network are well.</summary>
    private static World Healed(World world)
    {
        var isWell = world.Nodes.All(node => node is { IsPaused: false, IsCutFromPeers: false, IsCutFromRedis: false });
        var hadFork = world.Ghost.ForkUntil >= 0 && world.Setup.Faults is { EarlyExpiries: 0 };
        return hadFork && isWell ? world with { Ghost = world.Ghost with { ForkUntil = world.Now + world.Setup.Convergence } } : world;
    }
}
