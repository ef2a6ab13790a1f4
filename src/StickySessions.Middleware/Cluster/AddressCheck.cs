namespace StickySessions.Cluster;

/// <summary>Whether nodes can be reached at the addresses they advertise: this node itself each time, the others in turn.</summary>
internal sealed class AddressCheck(IClusterMembership membership, IPeerClient peers, TimeProvider time)
{
    private int _turn;

    /// <returns>What is wrong, with the remedy, or null.</returns>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        var self = membership.Self;
        if (!await AnswersAsync(self, cancellationToken))
        {
            return $"This node advertises {self.Address}, but cannot be reached there itself. "
                + "Set StickySessions:Interconnect:AdvertisedUrl to an address that other nodes can connect to.";
        }

        var others = membership.View.Nodes.RemoveAll(node => node.Tag == self.Tag);
        if (others.IsEmpty || others[++_turn % others.Length] is not { } other || await AnswersAsync(other, cancellationToken))
        {
            return null;
        }

        // It may have left, or died, while it was asked.
        return membership.View.Find(other.Tag) is null
            ? null
            : $"Node {other.Name} is in the cluster but does not answer at {other.Address}. "
                + $"Open the way to this address, or set StickySessions:Interconnect:AdvertisedUrl of {other.Name}.";
    }

    private async Task<bool> AnswersAsync(Node node, CancellationToken cancellationToken)
    {
        if (!node.HasInterconnect && node.State == NodeState.Starting)
        {
            // Its public address is bound only when the application has started.
            return true;
        }

        var answer = await peers.AskStatusAsync(node.Address, node.HasInterconnect, null, time, cancellationToken);
        return answer.Status == PeerAnswerStatus.Answered && PeerStatus.Parse(answer.Content) is { } there && there.Name == node.Name;
    }
}
