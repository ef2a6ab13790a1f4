using StickySessions.Tests.Integration.Hosts;

[assembly: AssemblyFixture(typeof(GarnetServerFixture))]
[assembly: AssemblyFixture(typeof(RedisServerFixture))]
