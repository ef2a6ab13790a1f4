namespace StickySessions.Cluster;

/// <summary>
/// What a node does with a request of a session it holds while <see cref="StickyNodeOptions.MaxRequests"/> run already. Such a session is
/// never moved: its state is here.
/// </summary>
public enum FullNodeBehavior
{
    /// <summary>Runs it nevertheless: the node only takes no new sessions while another can.</summary>
    Serve,

    /// <summary>Lets it wait for its turn, up to <see cref="StickyNodeOptions.QueueLimit"/> requests and <see cref="StickyNodeOptions.QueueTimeout"/>; the rest is shed.</summary>
    Queue,

    /// <summary>Answers 503 (<c>owner-full</c>) with <c>Retry-After</c> at once.</summary>
    Shed,
}
