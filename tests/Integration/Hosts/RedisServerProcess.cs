using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>A real redis-server of a test's own: it can be killed, started again on the same port, frozen, flushed.</summary>
internal sealed class RedisServerProcess : IAsyncDisposable
{
    private const string Executable = "redis-server";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sticky-redis-");
    private Process? _process;

    private RedisServerProcess(int port) => Port = port;

    public int Port { get; }

    /// <summary>The connection string.</summary>
    public string Configuration => $"127.0.0.1:{Port},abortConnect=false";

    /// <summary>Where redis-server is, or null: then the test is skipped.</summary>
    public static string? TryFind()
        => (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, Executable))
            .FirstOrDefault(File.Exists);

    /// <summary>Starts one on a free port, or skips the test when redis-server is not installed.</summary>
    public static async Task<RedisServerProcess> StartOrSkipAsync()
    {
        Assert.SkipUnless(TryFind() is not null, "redis-server is not installed.");
        var server = new RedisServerProcess(FreePort.Next());
        await server.StartAsync();
        return server;
    }

    /// <summary>Starts it, or starts it again, empty, after <see cref="KillAsync"/>.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo(TryFind()!) { RedirectStandardOutput = true };
        string[] arguments =
        [
            "--port", Port.ToString(CultureInfo.InvariantCulture),
            "--bind", "127.0.0.1",
            "--dir", _directory.FullName,
            "--save", "",
            "--appendonly", "no",
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
        _ = _process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await Eventually.Async(AnswersPingAsync, $"redis-server on port {Port} does not answer");
    }

    /// <summary>Ends it without a goodbye, as a crash does.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
            _process = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _directory.Delete(recursive: true);
    }

    private async Task<bool> AnswersPingAsync()
    {
        Assert.False(_process!.HasExited, $"redis-server ended at once; is port {Port} taken?");
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", Port, TestContext.Current.CancellationToken);
            var stream = client.GetStream();
            await stream.WriteAsync("PING\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
            var answer = new byte[7];
            await stream.ReadExactlyAsync(answer, TestContext.Current.CancellationToken);
            return Encoding.ASCII.GetString(answer) == "+PONG\r\n";
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            return false;
        }
    }
}
