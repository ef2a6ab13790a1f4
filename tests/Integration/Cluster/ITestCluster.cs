using StickySessions.Cluster;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>The nodes of one test, whatever tells them of each other.</summary>
internal interface ITestCluster : IAsyncDisposable
{
    FakeNetwork Network { get; }

    /// <summary>A process that has not joined yet, listening where a node of this name does.</summary>
    TestNode Node(string name);

    /// <summary>A process with a name that another one has, on another machine.</summary>
    TestNode Duplicate(string name);
}

internal static class TestClusterExtensions
{
    /// <summary>Nodes that all see each other as active.</summary>
    public static async Task<TestNode[]> ActiveAsync(this ITestCluster cluster, params string[] names)
    {
        var nodes = names.Select(cluster.Node).ToArray();
        await Task.WhenAll(nodes.Select(node => node.JoinActiveAsync()));
        // A join ends before it has a place where Redis does not answer at once, as on a busy machine; then the beats go on.
        await Eventually.Async(() => nodes.All(node => node.Membership.IsJoined) && nodes.All(
            node => nodes.All(other => node.View.Find(other.Self.Tag)?.State == NodeState.Active)));
        return nodes;
    }
}

/// <summary>One node of a test.</summary>
internal abstract class TestNode(FakeNetwork network, string name, Uri address) : IAsyncDisposable
{
    public string Name => name;

    public Uri Address => address;

    public abstract IClusterMembership Membership { get; }

    public ClusterView View => Membership.View;

    public Node Self => Membership.Self;

    public Task JoinAsync()
    {
        network.Listen(address, Membership);
        return Membership.JoinAsync(new Node { Tag = default, Name = name, Address = address }, TestContext.Current.CancellationToken);
    }

    public async Task JoinActiveAsync()
    {
        await JoinAsync();
        await Membership.AnnounceAsync(NodeState.Active, publicAddress: null, TestContext.Current.CancellationToken);
    }

    /// <summary>As SIGKILL: nothing is said, and nobody listens.</summary>
    public virtual async Task KillAsync()
    {
        network.Close(address);
        await DisposeAsync();
    }

    public abstract ValueTask DisposeAsync();
}
