using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>A cluster of configured nodes.</summary>
internal sealed class StaticCluster(params string[] names) : ITestCluster
{
    private readonly Dictionary<string, string> _addresses = names.ToDictionary(name => name, name => $"http://{name}.test:6001");
    private readonly List<StaticNode> _nodes = [];

    public FakeNetwork Network { get; } = new();

    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan GoneAfter { get; } = TimeSpan.FromMilliseconds(600);

    public TestNode Node(string name) => Node(name, _addresses.GetValueOrDefault(name, $"http://{name}.test:6001"));

    public TestNode Duplicate(string name) => Node(name, $"http://{Guid.NewGuid():n}.test:6001");

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    private StaticNode Node(string name, string address)
    {
        var options = new StickyStaticOptions { ProbeInterval = ProbeInterval, GoneAfter = GoneAfter };
        foreach (var (key, value) in _addresses)
        {
            options.Nodes[key] = value;
        }

        var node = new StaticNode(Network, options, name, new Uri(address));
        _nodes.Add(node);
        return node;
    }

    private sealed class StaticNode(FakeNetwork network, StickyStaticOptions options, string name, Uri address)
        : TestNode(network, name, address)
    {
        private readonly StaticMembership _membership =
            new(Options.Create(options), network.ClientOf(name), TimeProvider.System, NullLogger<StaticMembership>.Instance);

        public override IClusterMembership Membership => _membership;

        public override ValueTask DisposeAsync() => _membership.DisposeAsync();
    }
}
