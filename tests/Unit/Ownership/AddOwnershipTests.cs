using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Redis;
using StickySessions.Tests.Unit.Tokens;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class AddOwnershipTests
{
    private static readonly Node Self = Nodes.New(1, "web-1");

    [Fact]
    public void AddOwnership_WithoutRedis_AsksTheNodes()
    {
        using var services = Build(_ => { });

        Assert.IsType<StaticOwnershipDirectory>(services.GetRequiredService<IOwnershipDirectory>());
    }

    [Fact]
    public void AddOwnership_WithRedis_AsksRedis()
    {
        using var services = Build(builder => builder.UseRedis("127.0.0.1:1"));

        Assert.IsType<RedisOwnershipDirectory>(services.GetRequiredService<IOwnershipDirectory>());
    }

    [Fact]
    public void AddOwnership_CalledTwice_AddsNothingTwice()
    {
        var services = new ServiceCollection().AddOwnership().AddOwnership();

        Assert.Single(services, service => service.ImplementationType == typeof(IdleSweep));
        Assert.Single(services, service => service.ImplementationType == typeof(HoldsQuestionHandler));
    }

    [Fact]
    public void StaticCluster_WithoutASecret_NamesTheNodesAndTheRemedy()
    {
        using var services = Build(builder => builder.UseStaticNodes(options =>
        {
            options.Nodes["web-1"] = "http://10.0.0.1:6001";
            options.Nodes["web-2"] = "http://10.0.0.2:6001";
        }));

        var error = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<StickyKeyOptions>>().Value);

        Assert.Contains("StickySessions:Keys:Secret is not set, but node \"web-1\" forms a cluster with \"web-2\"", Assert.Single(error.Failures), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "web-1", null)]
    [InlineData("a secret of at least thirty-two characters", "web-2", null)]
    [InlineData(null, "web-2", "127.0.0.1:1")]
    public void Cluster_ThatNeedsNoSecretOrHasOne_Starts(string? secret, string otherNode, string? redis)
    {
        using var services = Build(builder => builder
            .UseStaticNodes(options => options.Nodes[otherNode] = "http://10.0.0.2:6001")
            .UseRedis(options => options.Configuration = redis)
            .ConfigureKeys(options => options.Secret = secret));

        Assert.Equal(secret, services.GetRequiredService<IOptions<StickyKeyOptions>>().Value.Secret);
    }

    private static ServiceProvider Build(Action<IStickySessionsBuilder> configure)
    {
        var services = new ServiceCollection();
        services.AddSingleton<Microsoft.Extensions.Configuration.IConfiguration>(new Microsoft.Extensions.Configuration.ConfigurationBuilder().Build());
        var builder = services.AddStickySessions().ConfigureNode(options => options.Name = "web-1");
        configure(builder);

        // What other floors bring.
        services.AddSingleton(new FakeMembership(Self));
        services.AddSingleton<IClusterMembership>(provider => provider.GetRequiredService<FakeMembership>());
        services.AddSingleton<IPeerClient, FakePeers>();
        services.AddSingleton<IRedisConnections, NoConnections>();
        services.AddSingleton<IClusterKeys>(new FixedKeys("a secret"));
        services.AddTokens().AddPolicies().AddOwnership().AddOwnership();
        return services.BuildServiceProvider();
    }

    private sealed class NoConnections : IRedisConnections
    {
        public StackExchange.Redis.IConnectionMultiplexer Beats => throw new NotSupportedException();

        public StackExchange.Redis.IConnectionMultiplexer Records => throw new NotSupportedException();

        public Task ConnectAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public StackExchange.Redis.RedisKey Key(string suffix) => throw new NotSupportedException();

        public StackExchange.Redis.RedisKey SessionKey(string session) => throw new NotSupportedException();
    }
}
