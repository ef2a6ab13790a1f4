using System.Collections.Immutable;

namespace StickySessions.Tests.Unit.Model;

/// <summary>What runs at Redis: each script is one step, and runs again with the same result if its reply was lost.</summary>
internal static class RedisScripts
{
    private static World Write(this World world, RedisState next)
        => world with { Redis = world.Setup.Faults.Failovers > 0 ? world.Redis.Write(next) : next };

    /// <summary>Renews the caller's lease, or lets it join, and expires others. Only here do leases end.</summary>
    public static World RunBeat(this World world, NodeState node)
    {
        var (redis, beat, now) = (world.Redis, node.Beat!, world.Now + world.Skew);
        var (known, joins) = (beat.Known, beat.Tag.IsNone);
        var lost = !joins
            && (redis.Generation != known.Generation || known.Version > redis.Version || (beat.Distrust && !redis.Leases.ContainsKey(beat.Tag)));
        var leases = redis.Leases;

        var generation = redis.Generation;
        var settled = redis.Settled;
        if (generation == 0 || (lost && generation == known.Generation))
        {
            generation = world.Ghost.Fresh + 1;
            settled = now + world.Setup.Lease;
            world = world with { Ghost = world.Ghost with { Fresh = generation } };
        }

        // What was lost comes back from the caller's view, while nobody takes it for gone. Who is gone stays so.
        var mayReturn = now < settled || !world.Rules.MissingIsNotGone;
        if (lost && world.Rules.MergeViews)
        {
            foreach (var (tag, isLive) in known.IsLive)
            {
                if (!isLive || (mayReturn && !leases.ContainsKey(tag)))
                {
                    leases = leases.SetItem(tag, isLive ? now + world.Setup.Lease : null);
                }
            }
        }
        else if (lost && !leases.ContainsKey(beat.Tag))
        {
            leases = leases.SetItem(beat.Tag, now);
        }

        if (world.Rules.ExtendLeasesAfterOutage && (now < redis.LastBeat || now - redis.LastBeat > 2))
        {
            leases = leases.SetItems(leases.Where(lease => lease.Value is not null).Select(lease => KeyValuePair.Create(lease.Key, (int?)(now + world.Setup.Lease))));
        }

        var sequence = Math.Max(redis.Sequence, joins ? 0 : known.Sequence);
        var granted = beat.Tag;
        if (joins)
        {
            // The clock's seconds keep the sequence rising when Redis has lost it.
            sequence = Math.Max(sequence, world.Ghost.Fresh) + 1;
            world = world with { Ghost = world.Ghost with { Fresh = sequence } };
            granted = Tag.Of(sequence, node.Index);
        }
        else if (leases.GetValueOrDefault(beat.Tag) is null)
        {
            granted = default;
        }

        if (!granted.IsNone)
        {
            leases = leases.SetItem(granted, now + world.Setup.Lease);
        }

        foreach (var (tag, end) in leases)
        {
            if (end <= now)
            {
                leases = leases.SetItem(tag, null);
                world = world.Expired(tag);
            }
        }

        var changed = lost || generation != redis.Generation || !SameNodes(leases, redis.Leases);
        var next = redis with
        {
            Generation = generation,
            Version = changed ? Math.Max(redis.Version, joins ? 0 : known.Version) + 1 : redis.Version,
            Sequence = sequence,
            Settled = settled,
            Leases = leases,
            LastBeat = now,
        };
        world = world.Write(next);
        return world.With(node with { Beat = beat with { Granted = granted, Reply = next.View, Connection = next.Connection, WasLost = lost } });
    }

    public static World RunRead(this World world, Request request)
        => world.With(request with { Phase = Phase.ReadReply, Reply = world.Redis.Record });

    /// <summary>Compare and set, on owner and epoch.</summary>
    public static World RunClaim(this World world, Request request)
    {
        var (record, seen) = (world.Redis.Record, request.Token.Epoch);
        if (record is null && !request.MayCreate)
        {
            return world.With(request with { Phase = Phase.AskingHolders });
        }

        var stored = record?.Epoch ?? 0;
        if (record is { Ended: true } || (record is not null && stored >= seen && record.Owner != request.Token.Owner && world.Rules.CompareAndSetOnClaim))
        {
            return world.With(request with { Phase = Phase.ClaimReply, Reply = record });
        }

        var epoch = (world.Rules.EpochAboveToken ? Math.Max(stored, seen) : Math.Max(stored, record is null ? 1 : 0)) + 1;
        var claimed = new Record(request.Lease, epoch);
        return world.Write(world.Redis with { Record = claimed })
            .Granted(epoch, request.Lease, above: seen)
            .With(request with { Phase = Phase.ClaimReply, Reply = claimed });
    }

    /// <summary>Whoever ends the session, at whatever epoch.</summary>
    public static World RunEnd(this World world, Request request)
    {
        var record = world.Redis.Record;
        var epoch = Math.Max(record?.Epoch ?? 0, request.Epoch) + 1;
        return world.Write(record is { Ended: true } ? world.Redis : world.Redis with { Record = new Record(default, epoch, Ended: true) })
            .With(request with { Phase = Phase.Executed });
    }

    /// <summary>The state goes to another node, with an epoch of its own.</summary>
    public static World RunHandOff(this World world, NodeState giver, NodeState taker)
    {
        var (held, record) = (giver.Held!, world.Redis.Record);
        if (record is { Ended: true } || (record is not null && (record.Owner != held.Under || record.Epoch != held.Epoch)))
        {
            return world.With(giver.GiveAway());
        }

        var moved = new Record(taker.Tag, held.Epoch + 1);
        return world.Write(world.Rules.RecordOnHandOff ? world.Redis with { Record = moved } : world.Redis)
            .Granted(moved.Epoch, taker.Tag, above: held.Epoch)
            .With(giver.GiveAway())
            .With(taker with { Held = new Held(moved.Epoch, taker.Tag) });
    }

    /// <summary>After Redis was away: an owner reads the record of what it holds, and writes it again if it was lost.</summary>
    public static World RunVerify(this World world, NodeState node)
    {
        var (held, record) = (node.Held!, world.Redis.Record);
        if (held.Ended && record is not { Ended: true })
        {
            return world.Write(world.Redis with { Record = new Record(default, Math.Max(record?.Epoch ?? 0, held.Epoch) + 1, Ended: true) })
                .With(node with { Held = held with { IsVerified = true, LookedAt = world.Now } });
        }

        if (record is null || (record.Epoch < held.Epoch && !record.Ended))
        {
            // A session at its first epoch has no record.
            var written = held.Epoch > 1 ? world.Write(world.Redis with { Record = new Record(held.Under, held.Epoch) }) : world;
            return written.With(node with { Held = held with { IsVerified = true, LookedAt = world.Now } });
        }

        if (record == new Record(held.Under, held.Epoch) || held.Ended)
        {
            return world.With(node with { Held = held with { IsVerified = true, LookedAt = world.Now } });
        }

        return world.With(record.Ended && world.Rules.EndIsRemembered ? node with { Held = new Held(record.Epoch, node.Tag, Ended: true) } : node.GiveAway());
    }

    private static bool SameNodes(ImmutableSortedDictionary<Tag, int?> one, ImmutableSortedDictionary<Tag, int?> other)
        => one.Count == other.Count && one.All(lease => other.TryGetValue(lease.Key, out var end) && (end is null) == (lease.Value is null));
}
