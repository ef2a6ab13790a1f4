using System.Collections.Concurrent;
using System.Diagnostics;

namespace StickySessions.Benchmarks.State;

/// <summary>Visitors with a cookie each. Each knows how often it has been there, and so does its session, or it has lost something.</summary>
internal sealed class RollingVisitors(Balancer balancer) : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false }) { Timeout = TimeSpan.FromSeconds(30) };
    private readonly ConcurrentBag<double> _latencies = [];
    private readonly ConcurrentBag<string> _failures = [];
    private readonly ConcurrentBag<string> _losses = [];
    private readonly List<Visitor> _visitors = [];

    /// <summary>Begins the sessions.</summary>
    public async Task BeginAsync(int count, int atOnce)
    {
        _visitors.AddRange(Enumerable.Range(0, count).Select(_ => new Visitor()));
        await Parallel.ForEachAsync(_visitors, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (visitor, _) => await AskAsync(visitor, isVisit: true));
        ThrowIfAnythingIsWrong("beginning");
        _latencies.Clear();
    }

    /// <summary>Requests go out at their time, whether those before were answered or not; half of them visit, the others look.</summary>
    public async Task RunAsync(int perSecond, CancellationToken stop)
    {
        var began = Stopwatch.GetTimestamp();
        var asked = new List<Task>();
        while (!stop.IsCancellationRequested)
        {
            var due = Stopwatch.GetElapsedTime(began).TotalSeconds * perSecond;
            while (asked.Count < due)
            {
                var visitor = _visitors[Random.Shared.Next(_visitors.Count)];
                if (visitor.TryBegin())
                {
                    var isVisit = asked.Count % 2 == 0;
                    asked.Add(Task.Run(() => AskAsync(visitor, isVisit), CancellationToken.None));
                }
            }

            await Task.Delay(Tick, CancellationToken.None);
        }

        await Task.WhenAll(asked);
    }

    /// <summary>Every session once more.</summary>
    public Task LookAtAllAsync(int atOnce) => Parallel.ForEachAsync(
        _visitors, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (visitor, _) => await AskAsync(visitor, isVisit: false));

    public override string ToString()
    {
        double[] sorted = [.. _latencies.Order()];
        return FormattableString.Invariant(
            $"{sorted.Length} requests: {_failures.Count} failed, {_losses.Count} found that something was lost; median {sorted[sorted.Length / 2]:0.0} ms, 99 % {sorted[(int)(sorted.Length * 0.99)]:0.0} ms, longest {sorted[^1]:0} ms")
            + string.Concat(_failures.Concat(_losses).CountBy(what => what).OrderByDescending(pair => pair.Value).Take(10).Select(pair => $"\n  {pair.Value} times: {pair.Key}"));
    }

    public void Dispose() => _client.Dispose();

    private async Task AskAsync(Visitor visitor, bool isVisit)
    {
        var began = Stopwatch.GetTimestamp();
        Uri? node = null;
        try
        {
            node = balancer.Next();
            using var request = new HttpRequestMessage(isVisit ? HttpMethod.Post : HttpMethod.Get, new Uri(node, isVisit ? "/visit" : "/look"));
            if (visitor.Cookie is not null)
            {
                request.Headers.TryAddWithoutValidation("Cookie", visitor.Cookie);
            }

            using var answer = await _client.SendAsync(request);
            var body = await answer.Content.ReadAsStringAsync();
            if (!answer.IsSuccessStatusCode)
            {
                throw new HttpRequestException($"{(int)answer.StatusCode} {body}");
            }

            if (answer.Headers.TryGetValues("Set-Cookie", out var set))
            {
                visitor.Cookie = set.First().Split(';')[0];
            }

            if (visitor.Learn(body, isVisit) is { } loss)
            {
                _losses.Add(loss);
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
        {
            visitor.IsUncertain |= isVisit;
            _failures.Add($"at {node}: {failure.Message} {failure.InnerException?.Message}");
        }

        _latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        visitor.End();
    }

    private void ThrowIfAnythingIsWrong(string when)
    {
        if (!_failures.IsEmpty || !_losses.IsEmpty)
        {
            throw new InvalidOperationException($"While {when}: {this}");
        }
    }

    private sealed class Visitor
    {
        private int _visits;
        private int _isBusy;

        public string? Cookie { get; set; }

        /// <summary>Whether a visit was not answered: it may have been made, or not.</summary>
        public bool IsUncertain { get; set; }

        public bool TryBegin() => Interlocked.Exchange(ref _isBusy, 1) == 0;

        public void End() => Volatile.Write(ref _isBusy, 0);

        /// <returns>What is lost, or null.</returns>
        public string? Learn(string answer, bool isVisit)
        {
            var (expected, uncertain) = (isVisit ? _visits + 1 : _visits, IsUncertain ? 1 : 0);
            var told = answer.Split(' ');
            (_visits, IsUncertain) = (int.Parse(told[0]), false);
            return _visits >= expected && _visits <= expected + uncertain && int.Parse(told[1]) == RollingServer.ValueLength
                ? null
                : $"{expected} visits were expected, and the session has {answer}";
        }
    }
}
