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

        // Silence may be the path, and a stranger may sit at a wrong address: a process that runs renews its lease meanwhile.
        if (answer.Status is PeerAnswerStatus.NoAnswer or PeerAnswerStatus.NotAuthenticated)
        {
            await Task.Delay(1.5 * options.BeatInterval, time);
        }

        if ((await suspicion.ReportAsync(other.Tag, self.Tag, Evidence.Replaced, before.LastBeat)).Verdict == Verdict.Alive)
        {
            throw Taken(other);
        }
    }

    private static ClusterJoinException Taken(Node other) => new(
        $"StickySessions:Node:Name is '{other.Name}', but another running process in the cluster has this name (tag {other.Tag}, at {other.Address}). Give each process a name of its own.");
}
