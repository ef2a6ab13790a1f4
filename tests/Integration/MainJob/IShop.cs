namespace StickySessions.Tests.Integration.MainJob;

/// <summary>A shop of three nodes, however they are hosted.</summary>
public interface IShop : IAsyncDisposable
{
    /// <summary>Sends a request to one node, on a connection of its own.</summary>
    Task<HttpResponseMessage> SendAsync(int node, HttpRequestMessage request);

    /// <summary>Stops a node as an operator does.</summary>
    Task StopAsync(int node);
}
