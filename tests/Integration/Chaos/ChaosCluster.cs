using System.Collections.Immutable;
using StickySessions.Tests.Integration.Chaos.Network;
using StickySessions.Tests.Integration.Chaos.Nodes;

namespace StickySessions.Tests.Integration.Chaos;

/// <summary>The cluster under test: Redis, the nodes, and the links between them.</summary>
internal sealed class ChaosCluster(ChaosSettings settings) : IAsyncDisposable
{
    private ImmutableList<ChaosNode> _nodes = [];
    private int _named;

    public ChaosSettings Settings => settings;

    public ChaosRedis Redis => settings.Redis;

    /// <summary>All nodes, those included that do not run now.</summary>
    public IReadOnlyList<ChaosNode> Nodes => _nodes;

    public async Task StartAsync()
    {
        for (var number = 0; number < settings.Options.Nodes; number++)
        {
            Add();
        }

        await Task.WhenAll(Nodes.Select(node => node.StartAsync()));
    }

    /// <summary>One more node, not started yet.</summary>
    public ChaosNode Add()
    {
        var number = Interlocked.Increment(ref _named);
        var node = new ChaosNode($"web-{number}", number, settings);
        node.Skew(TimeSpan.Zero);
        ImmutableInterlocked.Update(ref _nodes, (all, added) => all.Add(added), node);
        return node;
    }

    public async Task RemoveAsync(ChaosNode node)
    {
        ImmutableInterlocked.Update(ref _nodes, (all, removed) => all.Remove(removed), node);
        await node.DisposeAsync();
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(Nodes.Select(node => node.DisposeAsync().AsTask()));
}
