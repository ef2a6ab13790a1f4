using System.Net;
using System.Net.Sockets;
using Garnet;
using Garnet.server;

namespace StickySessions.Tests.Integration.Redis;

/// <summary>Garnet in this process.</summary>
public sealed class EmbeddedGarnet : IRedisServer
{
    private GarnetServer? _server;

    public string? Missing => null;

    public string Configuration { get; private set; } = "";

    /// <summary>A port that was free a moment ago; who binds it must be ready to try another.</summary>
    internal static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public ValueTask InitializeAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort();
            try
            {
                _server = new GarnetServer(new GarnetServerOptions
                {
                    EndPoints = [new IPEndPoint(IPAddress.Loopback, port)],
                    LogMemorySize = "64m",
                    PageSize = "4m",
                    IndexMemorySize = "8m",
                    BufferPoolMemoryBudget = "64m",
                    EnableLua = true,
                    LuaTransactionMode = true,
                    LuaOptions = new LuaOptions(),
                    QuietMode = true,
                });
                _server.Start();
                Configuration = $"127.0.0.1:{port}";
                return ValueTask.CompletedTask;
            }
            catch (SocketException) when (attempt < 5)
            {
                _server?.Dispose();
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _server?.Dispose();
        return ValueTask.CompletedTask;
    }
}
