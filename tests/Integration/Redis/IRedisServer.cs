namespace StickySessions.Tests.Integration.Redis;

/// <summary>A server that the tests of one class share; each test takes a cluster name of its own.</summary>
public interface IRedisServer : IAsyncLifetime
{
    /// <summary>Why there is no server here, or null.</summary>
    string? Missing { get; }

    string Configuration { get; }
}
