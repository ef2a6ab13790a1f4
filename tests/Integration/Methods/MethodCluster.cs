using Microsoft.Extensions.DependencyInjection;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>Three nodes of <see cref="ApplicationWithTokens"/>.</summary>
internal static class MethodCluster
{
    public static async Task<StickyTestCluster> StartAsync(IRedisServer redis, Action<IStickySessionsBuilder> configure)
        => await StickyTestCluster.StartAsync(new StickyTestClusterOptions
        {
            Redis = await redis.ConfigurationAsync(),
            Nodes = 3,
            ConfigureSticky = configure,
            AfterSticky = app => new ApplicationWithTokens().Map(app),
        });
}
