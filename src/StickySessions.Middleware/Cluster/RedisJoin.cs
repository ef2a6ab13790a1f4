using System.Security.Cryptography;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>Takes one step towards joining: look, have the keys, check the name, join the view that was checked.</summary>
internal sealed class RedisJoin(RedisBeat script, NameCheck names, RedisClusterKeys? keys, NodeLease lease, StickyRedisOptions options, TimeProvider time)
{
    private long? _waitingSince;

    // The whole view is much to ask for again, should Redis answer too late because all nodes start at once.
    private KnownView? _looked;

    /// <summary>The moment just before the last try to join was sent: the lease begins then.</summary>
    public TimeSpan Sent { get; private set; }

    /// <summary>When it ran, by the clock of Redis.</summary>
    public DateTimeOffset StoreTime { get; private set; }

    /// <returns>The tag, or null if it has to be tried again; and the view as known now.</returns>
    public async Task<(NodeTag? Tag, KnownView Known)> TryAsync(Node self, KnownView known)
    {
        // 1. Who is there?
        known = _looked ?? known;
        var random = RandomNumberGenerator.GetHexString(8, lowercase: true);
        var look = await script.SendAsync(new BeatQuestion(BeatMode.Look, known, random, "", WithView: false, Distrust: true));
        var isEmpty = look.Outcome == BeatOutcome.Empty;
        known = isEmpty ? known.Forget() : known.With(look);
        _looked = known;

        // 2. Nobody, or nobody's keys: give those a chance to speak that were there before Redis was flushed.
        if (keys is { AreKnown: false })
        {
            await keys.RefreshAsync(wasFlushed: false);
        }

        var lacksKeys = keys is { AreKnown: false };
        if (!isEmpty && !lacksKeys)
        {
            _waitingSince = null;
        }
        else if (!HasWaited(isEmpty ? 1.5 * options.BeatInterval : options.Lease))
        {
            return (null, known);
        }

        if (lacksKeys)
        {
            await keys!.MakeAsync();
        }

        // 3. Is the name free?
        await names.ClearAsync(self, known);

        // 4. Join, unless somebody of the same name did since step 1.
        var question = new BeatQuestion(BeatMode.Join, known, random, NodeEntry.Format(self), WithView: false, Distrust: false);
        Sent = lease.Now;
        var answer = await script.SendAsync(question);
        if (answer.Outcome == BeatOutcome.Raced)
        {
            // At once: a node that was expired answers no request meanwhile.
            return await TryAsync(self, known);
        }

        if (answer.Outcome != BeatOutcome.Ok || !NodeTag.TryParse(answer.Tag, out var tag))
        {
            return (null, known);
        }

        _waitingSince = null;
        _looked = null;
        StoreTime = answer.StoreTime;
        return (tag, known.With(answer));
    }

    private bool HasWaited(TimeSpan enough)
    {
        _waitingSince ??= time.GetTimestamp();
        return time.GetElapsedTime(_waitingSince.Value) >= enough;
    }
}
