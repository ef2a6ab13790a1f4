using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;

namespace StickySessions.Benchmarks.State;

/// <summary>Connections of SignalR that count their visits in their session, and connect again by themselves.</summary>
internal sealed class RollingConnections(Balancer balancer) : IAsyncDisposable
{
    private static readonly TimeSpan Think = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(60);

    private readonly List<HubConnection> _connections = [];
    private readonly ConcurrentBag<double> _absences = [];
    private readonly ConcurrentBag<string> _losses = [];
    private int _reconnected;
    private int _closed;
    private int _visits;

    public async Task BeginAsync(int count)
    {
        _connections.AddRange(Enumerable.Range(0, count).Select(_ => New()));
        await Parallel.ForEachAsync(_connections, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (connection, stop) => await connection.StartAsync(stop));
    }

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(_connections.Select(connection => Task.Run(() => VisitAsync(connection, stop), CancellationToken.None)));

    public override string ToString()
    {
        double[] absences = [.. _absences.Order()];
        return FormattableString.Invariant(
            $"{_connections.Count} connections: {_connections.Count(connection => connection.State == HubConnectionState.Connected)} are connected, {_reconnected} times reconnected, {_closed} given up; {_visits} visits, {_losses.Count} found that something was lost")
            + (absences.Length == 0 ? "" : FormattableString.Invariant($"; away for {absences[absences.Length / 2]:0.0} s in the median, {absences[^1]:0.0} s at most"))
            + string.Concat(_losses.CountBy(what => what).OrderByDescending(pair => pair.Value).Take(10).Select(pair => $"\n  {pair.Value} times: {pair.Key}"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }
    }

    private HubConnection New()
    {
        // The address is none: the balancer has one for each request.
        var connection = new HubConnectionBuilder()
            .WithUrl("http://cluster.test/hub", options =>
            {
                options.Cookies = new CookieContainer();
                balancer.Balance(options);
            })
            .WithAutomaticReconnect(new Persistent())
            .Build();
        var since = 0L;
        connection.Reconnecting += _ =>
        {
            since = Stopwatch.GetTimestamp();
            return Task.CompletedTask;
        };
        connection.Reconnected += _ =>
        {
            Interlocked.Increment(ref _reconnected);
            _absences.Add(Stopwatch.GetElapsedTime(since).TotalSeconds);
            return Task.CompletedTask;
        };
        connection.Closed += failure =>
        {
            if (failure is not null)
            {
                Interlocked.Increment(ref _closed);
            }

            return Task.CompletedTask;
        };
        return connection;
    }

    private async Task VisitAsync(HubConnection connection, CancellationToken stop)
    {
        var (expected, uncertain) = (1, 0);
        while (!stop.IsCancellationRequested)
        {
            if (connection.State == HubConnectionState.Connected)
            {
                try
                {
                    var visits = await connection.InvokeAsync<int>("Visit", CancellationToken.None);
                    Interlocked.Increment(ref _visits);
                    if (visits < expected || visits > expected + uncertain)
                    {
                        _losses.Add($"visit {expected} was expected, and the session has {visits}");
                    }

                    (expected, uncertain) = (visits + 1, 0);
                }
                catch (Exception broken) when (broken is InvalidOperationException or HubException or IOException or OperationCanceledException)
                {
                    // The connection broke off meanwhile. The visit may have been made.
                    uncertain++;
                }
            }

            await Task.Delay(Think * (0.5 + Random.Shared.NextDouble()), CancellationToken.None);
        }
    }

    private sealed class Persistent : IRetryPolicy
    {
        /// <summary>Not all at one moment.</summary>
        public TimeSpan? NextRetryDelay(RetryContext retryContext)
            => retryContext.ElapsedTime < ConnectWithin ? TimeSpan.FromSeconds(0.2 + Random.Shared.NextDouble()) : null;
    }
}
