using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using StickySessions.Benchmarks.Forwarding;

namespace StickySessions.Benchmarks.State;

/// <summary>
/// Keep-alive connections, each with one request at a time, on behalf of many sessions. One session is only ever on one connection, so that its requests
/// follow each other.
/// </summary>
internal sealed partial class SessionLoad
{
    private readonly int _port;
    private readonly int _connections;
    private readonly (byte[] Read, byte[] Write)[] _sessions;

    private SessionLoad(int port, int connections, string[] cookies)
    {
        _port = port;
        _connections = connections;
        _sessions = [.. cookies.Select(cookie => (LoadGenerator.Request("/read", cookie), LoadGenerator.Request("/write", cookie)))];
    }

    /// <summary>Begins the sessions, each with a value.</summary>
    public static async Task<SessionLoad> StartAsync(int port, int connections, int sessions)
    {
        var cookies = new string[sessions];
        await Parallel.ForAsync(0, connections, async (first, _) =>
        {
            using var socket = await LoadGenerator.ConnectAsync(port);
            var buffer = new byte[8192];
            for (var which = first; which < sessions; which += connections)
            {
                var length = await AskAsync(socket, LoadGenerator.Request("/write", cookie: null), buffer);
                cookies[which] = SetCookie().Match(Encoding.Latin1.GetString(buffer, 0, length)).Groups[1].Value;
            }
        });
        return new SessionLoad(port, connections, cookies);
    }

    /// <param name="writeEvery">Each so many requests one writes; 0 for none.</param>
    /// <param name="duration">How long.</param>
    /// <returns>How many requests were answered, and how long it took.</returns>
    public async Task<(long Requests, TimeSpan Elapsed)> RunAsync(int writeEvery, TimeSpan duration)
    {
        using var stop = new CancellationTokenSource(duration);
        var watch = Stopwatch.StartNew();
        var counts = await Task.WhenAll(Enumerable.Range(0, _connections).Select(first => Task.Run(() => DriveAsync(first, writeEvery, stop.Token))));
        return (counts.Sum(), watch.Elapsed);
    }

    private async Task<long> DriveAsync(int first, int writeEvery, CancellationToken stop)
    {
        using var socket = await LoadGenerator.ConnectAsync(_port);
        var buffer = new byte[8192];
        long count = 0;

        // Not the same sessions are written in each turn, nor by all connections at one moment.
        var at = Random.Shared.Next(1000);
        for (var which = first; !stop.IsCancellationRequested; which = which + _connections < _sessions.Length ? which + _connections : first)
        {
            var (read, write) = _sessions[which];
            await AskAsync(socket, writeEvery > 0 && ++at % writeEvery == 0 ? write : read, buffer);
            count++;
        }

        return count;
    }

    private static async Task<int> AskAsync(Socket socket, byte[] request, byte[] buffer)
    {
        await socket.SendAsync(request);
        var length = await LoadGenerator.ReceiveAsync(socket, buffer);
        return buffer.AsSpan(0, length).StartsWith("HTTP/1.1 200"u8)
            ? length
            : throw new InvalidOperationException($"Not the expected answer: {Encoding.Latin1.GetString(buffer, 0, length)}");
    }

    [GeneratedRegex("Set-Cookie: ([^;]+)")]
    private static partial Regex SetCookie();
}
