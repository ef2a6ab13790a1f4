using System.Collections.Immutable;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>
/// Several nodes of one application in this process, on real sockets of 127.0.0.1, each with its own Data Protection keys: what
/// one node encrypts, no other can read.
/// </summary>
internal sealed class StickyTestCluster : IAsyncDisposable
{
    private readonly DirectoryInfo _directory;
    private readonly StickyTestNodeSetup _setup;

    private StickyTestCluster(DirectoryInfo directory, StickyTestClusterOptions options)
    {
        _directory = directory;
        _setup = new StickyTestNodeSetup(options, clusterName: $"test-{Guid.NewGuid():N}", directory.FullName);
    }

    public ImmutableArray<StickyTestNode> Nodes { get; private set; } = [];

    public StickyTestNode this[int index] => Nodes[index];

    /// <summary>Starts the nodes and waits until each sees all others ready.</summary>
    public static async Task<StickyTestCluster> StartAsync(StickyTestClusterOptions options)
    {
        var cluster = new StickyTestCluster(Directory.CreateTempSubdirectory("sticky-cluster-"), options);
        try
        {
            for (var number = 1; number <= options.Nodes; number++)
            {
                await cluster.StartNodeAsync();
            }

            await cluster.UntilAllSeeAllAsync();
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

    /// <summary>Starts one node more, and waits until all see it.</summary>
    public async Task AddNodeAsync()
    {
        await StartNodeAsync();
        await UntilAllSeeAllAsync();
    }

    private async Task StartNodeAsync()
    {
        var name = $"node-{Nodes.Length + 1}";
        Nodes = Nodes.Add(await FreePort.RetryAsync(() => StickyTestNode.StartAsync(name, _setup)));
    }

    private Task UntilAllSeeAllAsync()
        => Eventually.Async(() => Nodes.All(node => node.ActiveNodes == Nodes.Length), "all nodes see each other ready");
}
