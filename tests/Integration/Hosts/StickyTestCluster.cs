using System.Collections.Immutable;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>
/// Several nodes of one application in this process, on real sockets of 127.0.0.1, each with its own Data Protection keys: what
/// one node encrypts, no other can read.
/// </summary>
internal sealed class StickyTestCluster : IAsyncDisposable
{
    private readonly DirectoryInfo _directory;

    private StickyTestCluster(DirectoryInfo directory) => _directory = directory;

    public ImmutableArray<StickyTestNode> Nodes { get; private set; } = [];

    public StickyTestNode this[int index] => Nodes[index];

    /// <summary>Starts the nodes and waits until each sees all others ready.</summary>
    public static async Task<StickyTestCluster> StartAsync(StickyTestClusterOptions options)
    {
        var cluster = new StickyTestCluster(Directory.CreateTempSubdirectory("sticky-cluster-"));
        try
        {
            await cluster.StartNodesAsync(options);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Nodes.Select(node => node.DisposeAsync().AsTask()));
        _directory.Delete(recursive: true);
    }

    private async Task StartNodesAsync(StickyTestClusterOptions options)
    {
        var setup = new StickyTestNodeSetup(options, clusterName: $"test-{Guid.NewGuid():N}", _directory.FullName);
        for (var number = 1; number <= options.Nodes; number++)
        {
            var name = $"node-{number}";
            Nodes = Nodes.Add(await FreePort.RetryAsync(() => StickyTestNode.StartAsync(name, setup)));
        }

        await Eventually.Async(() => Nodes.All(node => node.ActiveNodes == Nodes.Length), "all nodes see each other ready");
    }
}
