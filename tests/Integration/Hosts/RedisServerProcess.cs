using System.Globalization;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>A real redis-server of a test's own: it can be killed, started again on the same port, frozen, flushed.</summary>
internal sealed class RedisServerProcess : IAsyncDisposable
{
    private const string Program = "redis-server";

    private readonly string _program;
    private readonly string[] _arguments;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sticky-redis-");
    private ChildProcess? _process;

    private RedisServerProcess(string program, int port, string[] arguments)
    {
        _program = program;
        _arguments = arguments;
        Port = port;
    }

    public int Port { get; }

    /// <summary>The connection string.</summary>
    public string Configuration => $"127.0.0.1:{Port},abortConnect=false";

    /// <summary>Starts one on a free port, or skips the test when redis-server is not installed.</summary>
    /// <param name="arguments">What it is besides a server by itself.</param>
    public static Task<RedisServerProcess> StartOrSkipAsync(params string[] arguments)
    {
        var program = InstalledPrograms.FindOrSkip(Program);
        return FreePort.RetryAsync(async () =>
        {
            var server = new RedisServerProcess(program, FreePort.Next(), arguments);
            try
            {
                await server.StartAsync();
                return server;
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }
        });
    }

    /// <summary>Starts it, or starts it again, empty, after <see cref="KillAsync"/>.</summary>
    public async Task StartAsync() => _process = await ChildProcess.StartAsync(
        Program,
        _program,
        [
            "--port", Port.ToString(CultureInfo.InvariantCulture),
            "--bind", "127.0.0.1",
            "--dir", _directory.FullName,
            "--save", "",
            "--appendonly", "no",
            .. _arguments,
        ],
        server => Task.FromResult(server.Output.Any(line => line.Contains("Ready to accept connections", StringComparison.Ordinal))));

    /// <summary>Ends it without a goodbye, as a crash does.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            await process.DisposeAsync();
        }
    }

    /// <summary>It keeps its connections and answers nothing until <see cref="Thaw"/>.</summary>
    public void Freeze() => _process!.Signal("STOP");

    public void Thaw() => _process!.Signal("CONT");

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _directory.Delete(recursive: true);
    }
}
