using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace StickySessions.Benchmarks.Forwarding;

/// <summary>
/// Keep-alive HTTP/1.1 connections, each with one request at a time. Knows just as much HTTP as the benchmark's answers need: so it
/// takes little of the machine that it shares with the servers.
/// </summary>
internal static class LoadGenerator
{
    /// <returns>How many requests were answered, and how long it took.</returns>
    public static async Task<(long Requests, TimeSpan Elapsed)> RunAsync(int port, string? cookie, int connections, TimeSpan duration)
    {
        using var stop = new CancellationTokenSource();
        var watch = Stopwatch.StartNew();
        stop.CancelAfter(duration);
        var counts = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(() => DriveAsync(port, cookie, stop.Token))));
        return (counts.Sum(), watch.Elapsed);
    }

    /// <summary>One request on a new connection.</summary>
    /// <returns>The answer as text.</returns>
    public static async Task<string> AskAsync(int port)
    {
        using var socket = await ConnectAsync(port);
        var buffer = new byte[4096];
        await socket.SendAsync(Request("/", cookie: null));
        return Encoding.Latin1.GetString(buffer, 0, await ReceiveAsync(socket, buffer));
    }

    private static async Task<long> DriveAsync(int port, string? cookie, CancellationToken stop)
    {
        using var socket = await ConnectAsync(port);
        var request = Request("/", cookie);
        var buffer = new byte[4096];
        long count = 0;
        while (!stop.IsCancellationRequested)
        {
            await socket.SendAsync(request, CancellationToken.None);
            var length = await ReceiveAsync(socket, buffer);
            if (!buffer.AsSpan(0, length).StartsWith("HTTP/1.1 200"u8))
            {
                throw new InvalidOperationException($"Not the expected answer: {Encoding.Latin1.GetString(buffer, 0, length)}");
            }

            count++;
        }

        return count;
    }

    public static async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return socket;
    }

    public static byte[] Request(string path, string? cookie) => Encoding.Latin1.GetBytes(
        $"GET {path} HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: benchmark\r\nAccept: */*\r\n{(cookie is null ? "" : $"Cookie: {cookie}\r\n")}\r\n");

    /// <summary>All answers end with the same body.</summary>
    public static async ValueTask<int> ReceiveAsync(Socket socket, byte[] buffer)
    {
        var length = 0;
        do
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length));
            if (read == 0)
            {
                throw new InvalidOperationException("The connection was closed.");
            }

            length += read;
        }
        while (!buffer.AsSpan(0, length).EndsWith("hello"u8));

        return length;
    }
}
