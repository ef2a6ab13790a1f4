using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Policies;

namespace StickySessions.Benchmarks;

/// <summary>What it costs to learn whether a request's endpoint is sticky.</summary>
[MemoryDiagnoser]
public class EndpointBenchmarks : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddPolicies().BuildServiceProvider();
    private readonly HttpContext _context = new DefaultHttpContext();
    private PolicyResolver _resolver = null!;

    [GlobalSetup]
    public void Setup()
    {
        _resolver = _services.GetRequiredService<PolicyResolver>();
        object[] metadata = [.. Enumerable.Range(0, 20).Select(i => (object)$"metadata {i}")];
        _context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(metadata), "an endpoint"));
    }

    [Benchmark]
    public bool Resolve() => _resolver.Resolve(_context) is not null;

    public void Dispose()
    {
        _services.Dispose();
        GC.SuppressFinalize(this);
    }
}
