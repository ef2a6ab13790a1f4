using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using StickySessions.Tests.Integration.Conformance;
using StickySessions.Tests.Integration.Conformance.Application;
using StickySessions.Tests.Integration.Hosts;

[assembly: AssemblyFixture(typeof(ConformanceClusters))]

namespace StickySessions.Tests.Integration.Conformance;

/// <summary>The clusters that the rows run on: one for each interconnect and pipeline, started when the first row asks for it.</summary>
public sealed class ConformanceClusters : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(InterconnectKind, Pipeline), Lazy<Task<ConformanceCluster>>> _clusters = new();
    private readonly X509Certificate2 _publicCertificate = TestCertificate.Create(Pipelines.Host);

    public async ValueTask DisposeAsync()
    {
        var started = _clusters.Values.Select(cluster => cluster.Value).Where(starting => starting.IsCompletedSuccessfully);
        await Task.WhenAll(started.Select(async starting => await (await starting).Nodes.DisposeAsync()));
        _publicCertificate.Dispose();
    }

    internal Task<ConformanceCluster> GetAsync(Transport transport, Pipeline pipeline, GarnetServerFixture garnet)
        => _clusters.GetOrAdd(
            (transport.Interconnect(), pipeline),
            key => new(() => StartAsync(key.Item1, key.Item2, garnet))).Value;

    private async Task<ConformanceCluster> StartAsync(InterconnectKind interconnect, Pipeline pipeline, GarnetServerFixture garnet)
    {
        var recorder = new RequestRecorder();
        var options = new StickyTestClusterOptions
        {
            Redis = await garnet.ConfigurationAsync(),
            Interconnect = interconnect,
            PublicCertificate = _publicCertificate,
        };
        return new(await StickyTestCluster.StartAsync(Pipelines.Build(pipeline, options, recorder)), recorder);
    }
}

internal sealed record ConformanceCluster(StickyTestCluster Nodes, RequestRecorder Recorder);
