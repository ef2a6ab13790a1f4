using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Redis;

namespace StickySessions.Tests.Unit.Cluster;

public sealed class AddClusterTests
{
    [Fact]
    public async Task Membership_IsRedis_WhenItIsConfigured()
    {
        await using var provider = Build(options => options.Configuration = "127.0.0.1:1");

        Assert.IsType<RedisMembership>(provider.GetRequiredService<IClusterMembership>());
    }

    [Fact]
    public async Task Membership_IsStatic_OtherwiseAndKeptOnce()
    {
        await using var provider = Build(_ => { });

        Assert.IsType<StaticMembership>(provider.GetRequiredService<IClusterMembership>());
        Assert.Equal(["lease", "status"], provider.GetServices<IPeerQuestionHandler>().Select(handler => handler.Kind).Order());
    }

    private static ServiceProvider Build(Action<StickyRedisOptions> configure)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IPeerClient, NobodyClient>();
        services.Configure(configure);
        services.AddCluster();
        services.AddCluster();
        return services.BuildServiceProvider();
    }

    private sealed class NobodyClient : IPeerClient
    {
        public Task<PeerAnswer> AskAsync(
            Uri address, bool hasInterconnect, string kind, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
            => Task.FromResult(new PeerAnswer(PeerAnswerStatus.Refused, default));

        public Task<bool> IsRefusedAsync(Uri address, CancellationToken cancellationToken) => Task.FromResult(true);
    }
}
