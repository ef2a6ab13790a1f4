using System.Net;
using Garnet;
using Garnet.server;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>
/// One Redis-compatible server inside the test process. Started when the first test asks for it.
/// </summary>
public sealed class GarnetServerFixture : IRedisServer, IAsyncDisposable
{
    private readonly Lazy<Task<Running>> _running = new(() => FreePort.RetryAsync(() => Task.Run(Start)));

    public async Task<string> ConfigurationAsync() => (await _running.Value).Configuration;

    public async ValueTask DisposeAsync()
    {
        if (_running is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            (await _running.Value).Server.Dispose();
        }
    }

    private static Running Start()
    {
        var port = FreePort.Next();
        var server = new GarnetServer(new GarnetServerOptions
        {
            EndPoints = [new IPEndPoint(IPAddress.Loopback, port)],
            // The defaults reserve memory for a machine of its own.
            LogMemorySize = "64m",
            PageSize = "4m",
            IndexMemorySize = "8m",
            BufferPoolMemoryBudget = "64m",
            EnableLua = true,
            LuaTransactionMode = true,
            LuaOptions = new LuaOptions(),
            QuietMode = true,
        });
        server.Start();
        return new Running(server, $"127.0.0.1:{port},abortConnect=false");
    }

    private sealed record Running(GarnetServer Server, string Configuration);
}
