using System.Net;
using System.Net.Sockets;
using Garnet;
using Garnet.server;

namespace ShopCart.Cluster;

/// <summary>A Redis-compatible store inside this process, on a free port of the loopback.</summary>
internal sealed class EmbeddedStore : IDisposable
{
    private readonly GarnetServer _server;

    private EmbeddedStore(IPEndPoint address)
    {
        Address = address;
        _server = new GarnetServer(new GarnetServerOptions
        {
            EndPoints = [address],
            QuietMode = true,
            EnableLua = true,
            LuaTransactionMode = true,
            LuaOptions = new LuaOptions(LuaMemoryManagementMode.Native, "", Timeout.InfiniteTimeSpan, LuaLoggingMode.Enable, []),

            // Its defaults are those of a server with gigabytes to spare.
            LogMemorySize = "64m",
            PageSize = "1m",
            IndexMemorySize = "4m",
            BufferPoolMemoryBudget = "16m",
        });
        _server.Start();
    }

    public IPEndPoint Address { get; }

    public static EmbeddedStore Start()
    {
        for (var attemptsLeft = 5; ; attemptsLeft--)
        {
            try
            {
                return new EmbeddedStore(FreeAddress());
            }
            catch (SocketException problem) when (problem.SocketErrorCode == SocketError.AddressAlreadyInUse && attemptsLeft > 1)
            {
                // Somebody took the port between our look and Garnet's bind.
            }
        }
    }

    public void Dispose() => _server.Dispose();

    // Garnet does not tell which port it got if it is asked for port 0.
    private static IPEndPoint FreeAddress()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)probe.LocalEndPoint!;
    }
}
