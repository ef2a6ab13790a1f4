using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.MainJob;

public sealed class MainJobInMemoryTests(GarnetServerFixture redis) : MainJobTests
{
    protected override async Task<IShop> StartAsync() => FactoryShop.Start(await redis.ConfigurationAsync(), overSockets: false);
}

public sealed class MainJobOverSocketsTests(GarnetServerFixture redis) : MainJobTests
{
    protected override async Task<IShop> StartAsync() => FactoryShop.Start(await redis.ConfigurationAsync(), overSockets: true);
}

public sealed class MainJobInProcessesTests : MainJobTests
{
    protected override Task<IShop> StartAsync() => ProcessShop.StartAsync();
}
