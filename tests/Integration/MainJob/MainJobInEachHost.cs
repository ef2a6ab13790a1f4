using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Processes;

namespace StickySessions.Tests.Integration.MainJob;

public sealed class MainJobInMemoryTests(InMemoryShopHost host) : MainJobTests(host), IClassFixture<InMemoryShopHost>;

public sealed class MainJobOverSocketsTests(SocketShopHost host) : MainJobTests(host), IClassFixture<SocketShopHost>;

[Collection(nameof(SharedProcessTests))]
public sealed class MainJobInProcessesTests(ProcessShopHost host) : MainJobTests(host), IClassFixture<ProcessShopHost>;

public sealed class InMemoryShopHost(GarnetServerFixture redis) : ShopHost
{
    public override async Task<IShop> StartAsync() => FactoryShop.Start(await redis.ConfigurationAsync(), overSockets: false);
}

public sealed class SocketShopHost(GarnetServerFixture redis) : ShopHost
{
    public override async Task<IShop> StartAsync() => FactoryShop.Start(await redis.ConfigurationAsync(), overSockets: true);
}

public sealed class ProcessShopHost(SharedShopCluster shared, RedisServerFixture redis) : ShopHost
{
    public override async Task<IShop> StartAsync()
        => new ProcessShop(await ShopClusterOfProcesses.StartAsync(await redis.ConfigurationAsync(), 3), isShared: false);

    protected override async Task<IShop> StartSharedAsync() => new ProcessShop(await shared.StartedOrSkipAsync(), isShared: true);
}
