using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>One other configured node and what is known of it. Not safe for concurrent use: <see cref="StaticMembership"/> guards it.</summary>
internal sealed class StaticPeer(string name, Uri address, TimeSpan goneAfter, TimeProvider time)
{
    private long _lastHeard = time.GetTimestamp();
    private NodeTag _left;

    public string Name => name;

    public Uri Address => address;

    /// <summary>The process that is in sight there now, or null.</summary>
    public Node? Node { get; private set; }

    /// <summary>What is wrong with the configured entry, or null.</summary>
    public string? Problem { get; private set; } =
        $"Node {name} has not answered at {address} since this node started. Start it, or correct StickySessions:Static:Nodes:{name}.";

    public void Take(PeerAnswer answer)
    {
        switch (answer.Status)
        {
            case PeerAnswerStatus.Answered:
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

    /// <summary>Somebody at this address, or with this name, said who it is; null while it has not joined yet.</summary>
    public void Take(Node? heard)
    {
        _lastHeard = time.GetTimestamp();
        Problem = null;
        if (heard is not null && heard.Name != name)
        {
            Problem = $"StickySessions:Static:Nodes:{name} is '{address}', but {heard.Name} answers there. Correct the address.";
            heard = null;
        }

        if (heard?.State == NodeState.Gone)
        {
            _left = heard.Tag;
        }

        // A process that said that it leaves does not come back, though an older answer of it may still arrive.
        Node = heard is null || heard.Tag == _left ? null : heard with { Address = address };
    }

    private void ForgetIfSilent()
    {
        if (time.GetElapsedTime(_lastHeard) >= goneAfter)
        {
            Node = null;
        }
    }
}
