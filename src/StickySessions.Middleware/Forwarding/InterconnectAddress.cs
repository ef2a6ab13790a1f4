namespace StickySessions.Forwarding;

/// <summary>Where this node's interconnect is. Set once it has bound, which is before the node joins the cluster.</summary>
internal sealed class InterconnectAddress
{
    private volatile Uri? _listening;
    private volatile Uri? _advertised;

    /// <summary>What it is bound to, with the real port; null if this node has no interconnect.</summary>
    public Uri? Listening => _listening;

    /// <summary>What other nodes use; null if this node has no interconnect.</summary>
    public Uri? Advertised => _advertised;

    public void Set(Uri listening, Uri advertised)
    {
        _advertised = advertised;
        _listening = listening;
    }
}
