using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>One other configured node and what is known of it. Not safe for concurrent use: <see cref="StaticMembership"/> guards it.</summary>
internal sealed class StaticPeer(string name, Uri address, TimeSpan goneAfter, TimeProvider time)
{
    private long _lastAnswer = time.GetTimestamp();
    private NodeTag _left;
    private int _questions;

    public string Name => name;

    public Uri Address => address;

    /// <summary>The process that is in sight there now, or null.</summary>
    public Node? Node { get; private set; }

    /// <summary>What is wrong with the configured entry, or null.</summary>
    public string? Problem { get; private set; } =
        $"Node {name} has not answered at {address} since this node started. Start it, or correct StickySessions:Static:Nodes:{name}.";

    public void Ask() => _questions++;

    public void Take(PeerAnswer answer)
    {
        _questions--;
        switch (answer.Status)
        {
            case PeerAnswerStatus.Answered:
                _lastAnswer = time.GetTimestamp();
                Problem = null;
                Take(PeerStatus.Parse(answer.Content));
                break;
            case PeerAnswerStatus.Refused:
                // Nobody listens: it needs no more time.
                Node = null;
                break;
            case PeerAnswerStatus.NotAuthenticated:
                Problem = $"Node {name} at {address} does not accept this cluster's secret. Set the same StickySessions:Keys:Secret on all nodes.";
                ForgetIfSilent();
                break;
            case PeerAnswerStatus.NoAnswer:
            default:
                ForgetIfSilent();
                break;
        }
    }

    /// <summary>A process with this node's name asked something, and so said who it is.</summary>
    /// <returns>Whether it has to be asked: that it can reach this node does not mean that it can be reached.</returns>
    public bool Hear(Node asker)
    {
        if (asker.State == NodeState.Gone || asker.Tag == Node?.Tag)
        {
            Take(asker);
            return false;
        }

        return asker.Tag != _left && _questions == 0;
    }

    private void Take(Node? there)
    {
        if (there is not null && there.Name != name)
        {
            Problem = $"StickySessions:Static:Nodes:{name} is '{address}', but {there.Name} answers there. Correct the address.";
            there = null;
        }

        if (there?.State == NodeState.Gone)
        {
            _left = there.Tag;
        }

        // A process that said that it leaves does not come back, though an older answer of it may still arrive.
        Node = there is null || there.Tag == _left ? null : there with { Address = address };
    }

    private void ForgetIfSilent()
    {
        if (time.GetElapsedTime(_lastAnswer) >= goneAfter)
        {
            Node = null;
        }
    }
}
