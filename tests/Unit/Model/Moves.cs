namespace StickySessions.Tests.Unit.Model;

/// <summary>Which steps are possible, and what they lead to.</summary>
internal static class Moves
{
    public static List<Move> Possible(this World world)
    {
        var moves = new List<Move>();
        if (world.MayTick())
        {
            moves.Add(new Move(Act.Tick));
        }

        foreach (var node in world.Nodes)
        {
            AddOfNode(world, node, moves);
        }

        foreach (var request in world.Requests)
        {
            AddOfRequest(world, request, moves);
        }

        Faults.AddTo(world, moves);
        return moves;
    }

    /// <summary>A node that is neither paused nor cut off does what is due before time goes on; requests may be as slow as they like.</summary>
    private static bool MayTick(this World world)
    {
        foreach (var node in world.Nodes)
        {
            var beatIsDue = world.Reaches(node) && node.LastSent < world.Now;
            var isLate = node.Beat is { } beat && world.Now - beat.Sent >= world.Setup.SlowBeat;
            var verifies = world.Reaches(node) && world.MustVerify(node);
            var probes = world.Setup.Mode == RedisLost.Availability && node.ProbedAt < world.Now;
            if (!node.IsPaused && (beatIsDue || isLate || verifies || probes))
            {
                return false;
            }
        }

        return true;
    }

    private static void AddOfNode(World world, NodeState node, List<Move> moves)
    {
        if (node.IsPaused)
        {
            // Its script may still run: it is on its way.
            if (node.Beat is { Reply: null } && world.Reaches(node))
            {
                moves.Add(new Move(Act.RunBeat, node.Index));
            }

            return;
        }

        if (node.Beat is { } beat)
        {
            moves.Add(beat.Reply is not null ? new Move(Act.BeatReply, node.Index) : new Move(world.Reaches(node) ? Act.RunBeat : Act.LoseBeat, node.Index));
            if (world.Left.LostMessages > 0 && world.Reaches(node))
            {
                moves.Add(new Move(Act.LoseBeat, node.Index));
            }
        }
        else if (world.Reaches(node) && node.LastSent < world.Now)
        {
            moves.Add(new Move(Act.Beat, node.Index));
            if (world.Setup.SlowBeat > 0)
            {
                moves.Add(new Move(Act.SendBeat, node.Index));
            }
        }

        if (world.Setup.Mode == RedisLost.Availability && node.ProbedAt < world.Now)
        {
            moves.Add(new Move(Act.Probe, node.Index));
            if (world.Left.LostMessages > 0)
            {
                moves.Add(new Move(Act.LoseProbe, node.Index));
            }
        }

        if (world.Reaches(node) && world.MustVerify(node))
        {
            moves.Add(new Move(Act.Verify, node.Index));
        }

        if (world.Requests.Length == world.Setup.Requests || world.Begun == world.Setup.RequestsInAll)
        {
            return;
        }

        foreach (var token in world.Tokens)
        {
            moves.Add(new Move(Act.Request, node.Index, token.Number, world.Begun + 1));
            if (world.Left.Ends > 0)
            {
                moves.Add(new Move(Act.End, node.Index, token.Number, world.Begun + 1));
            }
        }
    }

    private static void AddOfRequest(World world, Request request, List<Move> moves)
    {
        var node = world.Nodes[request.At];
        var isCut = request.IsForwarded && (node.IsCutFromPeers || world.Nodes[request.Ingress].IsCutFromPeers);
        switch (request.Phase)
        {
            case Phase.ToOwner or Phase.ToCandidate or Phase.NotMine when isCut:
                moves.Add(new Move(Act.LoseRequest, request.Id));
                break;
            case Phase.ToOwner or Phase.ToCandidate:
                Add(Act.Arrive, unless: node.IsPaused);
                Add(Act.LoseRequest, unless: world.Left.LostMessages == 0);
                break;
            case Phase.Reading or Phase.Claiming or Phase.Ending:
                Add(Act.RunScript, unless: !world.Reaches(node));
                Add(Act.LoseRequest, unless: world.Reaches(node) || node.IsPaused);
                break;
            case Phase.Answered:
                Add(Act.Step, unless: isCut);
                Add(Act.LoseAnswer, unless: !isCut && (world.Left.LostMessages == 0 || !request.IsForwarded));
                break;
            case Phase.NotMine:
                Add(Act.Step, unless: world.Nodes[request.Ingress].IsPaused);
                break;
            default:
                if (node.IsPaused)
                {
                    break;
                }

                if (world.NeedsCandidate(request))
                {
                    moves.AddRange(node.View.Live.Select(tag => new Move(Act.Step, request.Id, tag.Node)));
                    break;
                }

                // Until the record was read again nothing is let in.
                Add(Act.Step, unless: request.Phase is Phase.Arrived or Phase.AtOwner && node.Held is { IsVerified: false });
                Add(Act.LoseReply, unless: request.Phase != Phase.ClaimReply || world.Left.LostMessages == 0);
                break;
        }

        void Add(Act act, bool unless)
        {
            if (!unless)
            {
                moves.Add(new Move(act, request.Id));
            }
        }
    }

    public static World Apply(this World world, Move move) => move.Act switch
    {
        Act.Tick => world with { Now = world.Now + 1 },
        Act.Request => world.Begin(move, ends: false),
        Act.End => (world with { Left = world.Left with { Ends = world.Left.Ends - 1 } }).Begin(move, ends: true),
        Act.Beat => world.SendBeat(world.Nodes[move.Who]).OfNode(move.Who, RedisScripts.RunBeat).OfNode(move.Who, NodeSteps.TakeReply),
        Act.SendBeat => world.SendBeat(world.Nodes[move.Who]),
        Act.RunBeat => world.RunBeat(world.Nodes[move.Who]),
        Act.BeatReply => world.TakeReply(world.Nodes[move.Who]),
        Act.Probe => world.Probe(world.Nodes[move.Who]),
        Act.Verify => world.RunVerify(world.Nodes[move.Who]),
        Act.Step => world.Step(world.Request(move.Who), move.Choice),
        Act.Arrive => world.OfRequest(move.Who, static request => request with { Phase = request.Phase == Phase.ToOwner ? Phase.AtOwner : Phase.AtCandidate }),
        Act.RunScript => world.RunScript(world.Request(move.Who)),
        _ => Faults.Apply(world, move),
    };

    private static World RunScript(this World world, Request request) => request.Phase switch
    {
        Phase.Reading => world.RunRead(request),
        Phase.Claiming => world.RunClaim(request),
        _ => world.RunEnd(request),
    };

    private static World Begin(this World world, Move move, bool ends) => world with
    {
        Begun = Math.Max(world.Begun, move.Begun),
        Requests = world.Requests.Add(new Request(move.Begun, Token.Of(move.Choice), move.Who, ends)
        {
            Floor = world.Ghost.Seen,
            IsAfterEnd = world.Ghost.EndSeen,
        }),
    };

    private static World OfNode(this World world, int node, Func<World, NodeState, World> step) => step(world, world.Nodes[node]);

    private static World OfRequest(this World world, int request, Func<Request, Request> change) => world.With(change(world.Request(request)));
}
