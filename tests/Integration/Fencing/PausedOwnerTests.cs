using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Processes;

namespace StickySessions.Tests.Integration.Fencing;

/// <summary>
/// A real process is stopped (SIGSTOP) for three leases while it owns a session and runs a request of it, another node claims the session,
/// and it goes on: from then on it acknowledges nothing for that session as its owner.
/// </summary>
[Collection(nameof(ProcessTests))]
public sealed class PausedOwnerTests : IDisposable
{
    private const string Item = """{"sku":"item-1","quantity":1}""";

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);

    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false });

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData(RedisLostBehavior.PreferAvailability)]
    [InlineData(RedisLostBehavior.PreferConsistency)]
    public async Task Resumed_AcknowledgesNothingForASessionThatAnotherClaimed(RedisLostBehavior behavior)
    {
        await using var redis = await RedisServerProcess.StartOrSkipAsync();
        await using var cluster = await ShopClusterOfProcesses.StartAsync(
            redis.Configuration,
            nodes: 3,
            ("StickySessions__Policy__OnRedisLost", behavior.ToString()),
            ("StickySessions__Redis__Lease", Lease.ToString("c", CultureInfo.InvariantCulture)),
            ("StickySessions__Redis__BeatInterval", "00:00:00.4"));
        var (owner, other) = (cluster.Nodes[0], cluster.Nodes[1]);
        var (first, cookie) = await BeginAsync(owner);
        Assert.Equal(owner.Name, first.Owner);

        // 1. A request is in the application's hands, which waits for the rest of its body, when the process is stopped.
        using var inTheHandler = await RawRequest.SendAsync(
            owner.Address, Head("POST", "/api/cart/items", owner, cookie, $"Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: {Item.Length}\r\n"), Cancellation);
        await inTheHandler.ReadUntilAsync("100 Continue", Cancellation);
        var stopped = Stopwatch.StartNew();
        owner.Freeze();

        // 2. These lie before its door when it goes on. The body of the first one is complete, too.
        await inTheHandler.SendAsync(Item, Cancellation);
        var waiting = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => RawRequest.SendAsync(owner.Address, Head("GET", "/api/cart", owner, cookie), Cancellation)));

        // 3. Meanwhile another node claims the session and answers for it.
        CartSeen? after = null;
        await Eventually.Async(async () => (after = await TryLookAsync(other, cookie)) is not null && stopped.Elapsed > 3 * Lease);
        Assert.Equal(first.Session, after!.Session);
        Assert.NotEqual(owner.Name, after.Owner);

        // 4. It goes on.
        owner.Thaw();
        var answers = await Task.WhenAll(waiting.Append(inTheHandler).Select(request => request.ReadToEndAsync(Cancellation)));

        Assert.DoesNotContain("HTTP/1.1 200", answers[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("HTTP/1.1 201", answers[^1], StringComparison.Ordinal);
        Assert.All(answers, answer => Assert.DoesNotContain($"\"owner\":\"{owner.Name}\"", answer, StringComparison.Ordinal));
        Array.ForEach(waiting, request => request.Dispose());

        // 5. And so it stays: whoever asks it now is told by the node that owns the session.
        CartSeen? seen = null;
        await Eventually.Async(async () => (seen = await TryLookAsync(owner, cookie)) is not null);
        Assert.Equal((after.Session, after.Owner), (seen!.Session, seen.Owner));
    }

    private static string Head(string method, string target, ShopNodeProcess node, string cookie, string headers = "")
        => $"{method} {target} HTTP/1.1\r\nHost: {node.Address.Authority}\r\nCookie: {cookie}\r\nConnection: close\r\n{headers}\r\n";

    private async Task<(CartSeen Seen, string Cookie)> BeginAsync(ShopNodeProcess node)
    {
        using var answer = await _client.GetAsync(new Uri(node.Address, "/api/cart"), Cancellation);
        var cookies = answer.Headers.GetValues("Set-Cookie").Select(cookie => cookie.Split(';')[0]);
        return ((await answer.Content.ReadFromJsonAsync<CartSeen>(Cancellation))!, string.Join("; ", cookies));
    }

    private async Task<CartSeen?> TryLookAsync(ShopNodeProcess node, string cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(node.Address, "/api/cart")) { Headers = { { "Cookie", cookie } } };
        using var answer = await _client.SendAsync(request, Cancellation);
        return answer.StatusCode == HttpStatusCode.OK ? await answer.Content.ReadFromJsonAsync<CartSeen>(Cancellation) : null;
    }
}
