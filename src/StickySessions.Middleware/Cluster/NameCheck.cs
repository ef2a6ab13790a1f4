using StickySessions.Redis;

namespace StickySessions.Cluster;

/// <summary>
/// One name, one process. A node of the same name in the view is either another process that runs, and this one must not start, or
/// what this node was before it was restarted, which must not delay it for a lease.
/// </summary>
internal sealed class NameCheck(RedisSuspicion suspicion, IPeerClient peers, StickyRedisOptions options, TimeProvider time)
{
    /// <exception cref="ClusterJoinException">The name is taken.</exception>
    public async Task ClearAsync(Node self, KnownView view)
    {
        foreach (var other in view.Live.Where(node => node.Name == self.Name && node.Tag != self.Tag))
        {
            await ClearAsync(self, other);
        }
    }

    private async Task ClearAsync(Node self, Node other)
    {
        var before = await suspicion.ReportAsync(other.Tag, self.Tag, Evidence.None, "");
        var answer = await peers.AskStatusAsync(other.Address, other.HasInterconnect, null, time, CancellationToken.None);
        if (answer.Status == PeerAnswerStatus.Answered && PeerStatus.Parse(answer.Content)?.Tag == other.Tag)
        {
            throw Taken(other);
        }

        // Silence may be the path: a process that runs renews its lease meanwhile.
        if (answer.Status is PeerAnswerStatus.NoAnswer or PeerAnswerStatus.NotAuthenticated)
        {
            await Task.Delay(1.5 * options.BeatInterval, time);
        }

        if (await JudgeAsync(self, other, before.LastBeat) == Verdict.Alive)
        {
            throw Taken(other);
        }
    }

    /// <summary>
    /// Its address may be wrong, or not bound yet, and a stranger may sit there: so it is told what it is accused of, and has time to
    /// object by a beat. Undecided is left to the view: it was lost, or has changed, and the join looks again.
    /// </summary>
    private async Task<Verdict> JudgeAsync(Node self, Node other, string lastBeat)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var answer = await suspicion.ReportAsync(other.Tag, self.Tag, Evidence.Replaced, lastBeat);
            if (answer.Verdict != Verdict.Undecided || time.GetElapsedTime(began) > 2 * RedisSuspicion.Objection)
            {
                return answer.Verdict;
            }

            await Task.Delay(RedisSuspicion.Objection / 8, time);
        }
    }

    private static ClusterJoinException Taken(Node other) => new(
        $"StickySessions:Node:Name is '{other.Name}', but another running process in the cluster has this name (tag {other.Tag}, at {other.Address}). Give each process a name of its own.");
}
