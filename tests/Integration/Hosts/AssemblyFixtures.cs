using StickySessions.Tests.Integration.Hosts;

[assembly: AssemblyFixture(typeof(GarnetServerFixture))]
[assembly: AssemblyFixture(typeof(RedisServerFixture))]
[assembly: AssemblyFixture(typeof(RedisClusterFixture))]
[assembly: AssemblyFixture(typeof(SentinelFixture))]
