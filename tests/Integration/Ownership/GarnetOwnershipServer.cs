using System.Net;
using System.Net.Sockets;
using Garnet;
using Garnet.server;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>Garnet in this process.</summary>
public sealed class GarnetOwnershipServer : IOwnershipServer
{
    private GarnetServer? _server;

    public string? Missing => null;

    public int Port { get; private set; }

    /// <summary>A port that was free a moment ago; who binds it must be ready to try another.</summary>
    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public ValueTask InitializeAsync()
    {
        for (var attempt = 1; !TryStart(lastAttempt: attempt == 5); attempt++)
        {
            _server?.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _server?.Dispose();
        return ValueTask.CompletedTask;
    }

    private bool TryStart(bool lastAttempt)
    {
        Port = FreePort();
        try
        {
            _server = new GarnetServer(new GarnetServerOptions
            {
                EndPoints = [new IPEndPoint(IPAddress.Loopback, Port)],
                LogMemorySize = "32m",
                PageSize = "4m",
                IndexMemorySize = "8m",
                BufferPoolMemoryBudget = "32m",
                EnableLua = true,
                LuaTransactionMode = true,
                LuaOptions = new LuaOptions(),
                QuietMode = true,
            });
            _server.Start();
            return true;
        }
        catch (SocketException) when (!lastAttempt)
        {
            return false;
        }
    }
}
