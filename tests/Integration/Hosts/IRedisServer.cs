namespace StickySessions.Tests.Integration.Hosts;

/// <summary>A server that all tests of the assembly share: each takes a cluster name, or keys, of its own, and leaves the others' alone.</summary>
public interface IRedisServer
{
    /// <summary>The connection string. Skips the test if there can be no such server on this machine.</summary>
    Task<string> ConfigurationAsync();
}
