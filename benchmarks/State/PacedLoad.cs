using System.Diagnostics;
using System.Text;
using StickySessions.Benchmarks.Forwarding;

namespace StickySessions.Benchmarks.State;

/// <summary>A light load: requests at their time on a few keep-alive connections, one of ten of which writes. Each is timed.</summary>
internal sealed class PacedLoad(int port, string[] cookies, int perSecond)
{
    private const int Connections = 8;
    private const int WriteEvery = 10;

    /// <returns>When each request was sent, and how long it took until the answer was there.</returns>
    public async Task<Timed[]> RunAsync(CancellationToken stop)
    {
        var all = await Task.WhenAll(Enumerable.Range(0, Connections).Select(which => Task.Run(() => DriveAsync(which, stop))));
        return [.. all.SelectMany(timed => timed).OrderBy(timed => timed.Sent)];
    }

    private async Task<List<Timed>> DriveAsync(int which, CancellationToken stop)
    {
        using var socket = await LoadGenerator.ConnectAsync(port);
        var buffer = new byte[8192];
        var timed = new List<Timed>();
        var (began, interval) = (Stopwatch.GetTimestamp(), TimeSpan.FromSeconds((double)Connections / perSecond));
        for (var due = interval * which / Connections; !stop.IsCancellationRequested; due += interval)
        {
            if (due - Stopwatch.GetElapsedTime(began) is { Ticks: > 0 } early)
            {
                await Task.Delay(early, CancellationToken.None);
            }

            var cookie = cookies[Random.Shared.Next(cookies.Length)];
            var request = LoadGenerator.Request(Random.Shared.Next(WriteEvery) == 0 ? "/write" : "/read", cookie);
            var sent = Stopwatch.GetTimestamp();
            await socket.SendAsync(request, CancellationToken.None);
            var length = await LoadGenerator.ReceiveAsync(socket, buffer);
            if (!buffer.AsSpan(0, length).StartsWith("HTTP/1.1 200"u8))
            {
                throw new InvalidOperationException($"Not the expected answer: {Encoding.Latin1.GetString(buffer, 0, length)}");
            }

            timed.Add(new Timed(sent, Stopwatch.GetElapsedTime(sent).TotalMilliseconds));
        }

        return timed;
    }
}

/// <param name="Sent">The timestamp.</param>
/// <param name="Milliseconds">Until the answer was there.</param>
internal readonly record struct Timed(long Sent, double Milliseconds);
