namespace StickySessions.Tests.Unit.Model;

/// <summary>The way of a request: what the node at which it is does with it next.</summary>
internal static class Protocol
{
    /// <summary>The ingress node sends a request on and tries again twice.</summary>
    public const int MaxHops = 3;

    /// <param name="world">The state before.</param>
    /// <param name="request">The request.</param>
    /// <param name="candidate">Who claims, if the owner is gone: any node, for views differ.</param>
    public static World Step(this World world, Request request, int candidate) => request.Phase switch
    {
        Phase.Arrived or Phase.AtOwner or Phase.AtCandidate => world.Route(request, candidate),
        Phase.ReadReply => world.TakeRead(request),
        Phase.ClaimReply => world.TakeClaim(request),
        Phase.AskingHolders => world.AskHolders(request),
        Phase.AskingToGiveUp => world.AskToGiveUp(request),
        Phase.Entered => world.Execute(request),
        Phase.Executed => world.Answer(request),
        Phase.Answered => world.Deliver(request),
        Phase.NotMine => world.TryAgain(request),
        _ => throw new InvalidOperationException($"Nothing to do in {request.Phase}."),
    };

    /// <summary>Whether the next step depends on who the candidate is.</summary>
    public static bool NeedsCandidate(this World world, Request request)
    {
        var (node, owner) = (world.Nodes[request.At], request.Token.Owner);
        return request.Phase == Phase.Arrived
            && owner != node.Tag && !node.Former.Contains(owner) && node.View.IsGone(owner, world.Now, world.Rules);
    }

    private static World Fail(this World world, Request request) => world.Without(request);

    private static World Route(this World world, Request request, int candidate)
    {
        var (node, owner) = (world.Nodes[request.At], request.Token.Owner);
        request = request with { Lease = node.Tag };
        if (node.Tag.IsNone && (request.Phase != Phase.Arrived || node.Former.Contains(owner)))
        {
            return world.Fail(request);
        }

        if (owner == node.Tag)
        {
            return world.Owns(node) && node.Held!.Epoch >= request.Token.Epoch
                ? world.Enter(request, node.Held.Epoch)
                : world.With(request with { Phase = Phase.Reading });
        }

        if (node.Former.Contains(owner))
        {
            return world.Claim(request);
        }

        if (request.Phase == Phase.AtCandidate && (node.View.IsGone(owner, world.Now, world.Rules) || (world.Reaches(node) && world.Redis.View.IsGone(owner, world.Now, world.Rules))))
        {
            return world.Claim(request);
        }

        if (request.Phase != Phase.Arrived)
        {
            return world.With(request with { Phase = Phase.NotMine });
        }

        if (node.View.Has(owner))
        {
            return owner.Node == request.RefusedBy ? world.Fail(request) : world.Send(request, owner.Node, Phase.ToOwner);
        }

        if (!node.View.IsGone(owner, world.Now, world.Rules))
        {
            return world.Fail(request);
        }

        return candidate == node.Index ? world.Claim(request) : world.Send(request, candidate, Phase.ToCandidate);
    }

    private static World Send(this World world, Request request, int to, Phase phase)
    {
        if (request.Hops >= MaxHops && world.Rules.TryAgainTwice)
        {
            return world.Fail(request);
        }

        request = request with { At = to, Phase = phase, Hops = request.Hops + 1 };
        return world.With(request).Sent(request);
    }

    private static World Claim(this World world, Request request)
    {
        var node = world.Nodes[request.At];
        if (world.Owns(node) && node.Held!.Epoch > request.Token.Epoch)
        {
            // Claimed by an earlier request with the same old token.
            return world.Enter(request, node.Held.Epoch);
        }

        if (node.Tag.IsNone || world.Now >= node.Deadline)
        {
            return world.Fail(request);
        }

        var asks = world.Setup.Mode == RedisLost.Availability && world.Rules.GiveUpQuestion;
        return world.With(request with
        {
            Phase = asks ? Phase.AskingToGiveUp : Phase.Claiming,
            MayCreate = request.Token.Epoch <= 1 || !world.Rules.AskHoldersIfRecordIsMissing,
        });
    }

    private static World AskToGiveUp(this World world, Request request)
    {
        var expired = world.Nodes[request.Token.Owner.Node];
        if (expired.Index != request.At && world.IsReachable(world.Nodes[request.At], request.Token.Owner) && expired.Held is { } held && held.Under == request.Token.Owner)
        {
            world = world.With(expired.GiveAway());
        }

        return world.With(request with { Phase = Phase.Claiming });
    }

    private static World AskHolders(this World world, Request request)
    {
        var node = world.Nodes[request.At];
        var holder = default(Token);
        foreach (var tag in node.View.Live.Where(tag => tag.Node != node.Index))
        {
            var peer = world.Nodes[tag.Node];
            if (!world.IsReachable(node, tag))
            {
                return world.Fail(request);
            }

            if (peer.Held is { Ended: false } held && held.Epoch >= request.Token.Epoch && held.Epoch > holder.Epoch && world.Owns(peer))
            {
                holder = new Token(peer.Tag, held.Epoch);
            }
        }

        return holder.Epoch > 0
            ? world.Elsewhere(request, holder)
            : world.With(request with { Phase = Phase.Claiming, MayCreate = true });
    }

    private static World TakeRead(this World world, Request request)
    {
        var node = world.Nodes[request.At];
        return request.Reply switch
        {
            null or { Ended: true } => world.Fail(request),
            { } record when record.Owner == node.Tag && world.Rules.GivenAwayStaysAway && record.Epoch <= node.GivenAway => world.Claim(request),
            { } record when record.Owner == node.Tag && (!world.Rules.LeaseIsOfOneTag || node.Tag == request.Lease) => world.Adopt(request, record.Epoch),
            { } record when record.Owner == request.Lease => world.Fail(request),
            { } record => world.Elsewhere(request, new Token(record.Owner, record.Epoch)),
        };
    }

    private static World TakeClaim(this World world, Request request)
    {
        var node = world.Nodes[request.At];
        return request.Reply switch
        {
            { Ended: true } ended => world.With(node with { Held = world.Rules.EndIsRemembered ? new Held(ended.Epoch, node.Tag, Ended: true) : null }).Fail(request),
            { } record when record.Owner == request.Lease => node.Tag == request.Lease || !world.Rules.LeaseIsOfOneTag ? world.Adopt(request, record.Epoch) : world.Fail(request),
            { } record => world.Elsewhere(request, new Token(record.Owner, record.Epoch)),
            _ => world.Fail(request),
        };
    }

    private static World Adopt(this World world, Request request, int epoch)
    {
        var node = world.Nodes[request.At];
        if (node.Held is { Ended: true } || node.Held?.Epoch > epoch || (world.Rules.GivenAwayStaysAway && epoch <= node.GivenAway))
        {
            return world.Fail(request);
        }

        return world.With(node with { Held = new Held(epoch, request.Lease) }).Enter(request, epoch);
    }

    /// <summary>Another node owns the session: older memory goes, and the ingress node tries there.</summary>
    private static World Elsewhere(this World world, Request request, Token owner)
    {
        var node = world.Nodes[request.At];
        if (node.Held is { Ended: false } held && held.Epoch < owner.Epoch)
        {
            world = world.With(node with { Held = null });
        }

        return world.With(request with { Token = owner, Phase = request.IsForwarded ? Phase.NotMine : Phase.Arrived });
    }

    private static World TryAgain(this World world, Request request)
        => world.With(request with { Phase = Phase.Arrived, RefusedBy = request.At, At = request.Ingress });

    private static World Enter(this World world, Request request, int epoch)
    {
        request = request with { Epoch = epoch, Phase = Phase.Entered };
        return world.Rules.FenceOnEntry && !world.MayServe(world.Nodes[request.At], request.Lease)
            ? world.Fail(request)
            : world.With(request).LetIn(request);
    }

    private static World Execute(this World world, Request request)
    {
        request = request with
        {
            Executions = request.Executions + 1,
            Phase = request.Ends && world.Rules.TombstoneBeforeAnswer ? Phase.Ending : Phase.Executed,
        };
        return world.With(request).Ran(request);
    }

    /// <summary>The response is about to start: is the session still this node's own?</summary>
    private static World Answer(this World world, Request request)
    {
        var node = world.Nodes[request.At];
        var holds = node.Held is { } held && held.Epoch == request.Epoch && !held.Ended && (held.Under == request.Lease || !world.Rules.LeaseIsOfOneTag);
        if (!holds || (world.Rules.FenceOnAnswer && !world.MayServe(node, request.Lease)))
        {
            return world.Fail(request);
        }

        request = request with { Phase = Phase.Answered };
        return world.With(request.Ends ? node with { Held = node.Held! with { Ended = true } } : node).With(request).Decided(request);
    }

    private static World Deliver(this World world, Request request)
    {
        var token = new Token(request.Lease, request.Epoch);
        world = world.Without(request).Delivered(request);
        return world.Tokens.Contains(token) ? world : world with { Tokens = world.Tokens.Add(token) };
    }
}
