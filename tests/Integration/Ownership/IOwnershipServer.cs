namespace StickySessions.Tests.Integration.Ownership;

/// <summary>A server that speaks Redis' protocol, on a port of its own.</summary>
public interface IOwnershipServer : IAsyncLifetime
{
    /// <summary>Why it cannot run here, or null.</summary>
    string? Missing { get; }

    int Port { get; }
}
