using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using StickySessions.Tests.Integration.Chaos.Histories;
using StickySessions.Tests.Integration.Chaos.Nodes;

namespace StickySessions.Tests.Integration.Chaos.Clients;

/// <summary>Sends requests to nodes and records what became of them. Safe for concurrent use.</summary>
internal sealed class Exchange(Recorder recorder) : IDisposable
{
    private const string Session = ".StickySession=";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <summary>Sent with each request: the transport sends none again that has a body.</summary>
    private static readonly byte[] Body = "x"u8.ToArray();

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false });

    /// <summary>One request of a session to one node.</summary>
    /// <param name="client">Which client.</param>
    /// <param name="node">Where it is sent.</param>
    /// <param name="known">What the client knows of its session.</param>
    /// <param name="hold">How long the application holds it.</param>
    /// <param name="cancellationToken">The end of the run.</param>
    public Task<Outcome> AskAsync(int client, ChaosNode node, KnownSession known, TimeSpan hold, CancellationToken cancellationToken)
        => SendAsync(client, node, known, $"/op?hold={(int)hold.TotalMilliseconds}", Timeout, async (response, aborted) =>
        {
            var text = await response.Content.ReadAsStringAsync(aborted);
            return ExecutionLog.ParseAnswer(text);
        }, cancellationToken);

    /// <summary>One request that does something with the cart of a session.</summary>
    /// <param name="client">Which client.</param>
    /// <param name="node">Where it is sent.</param>
    /// <param name="known">What the client knows of its session.</param>
    /// <param name="action">What it does.</param>
    /// <param name="item">The item that it removes. One that it adds is named after the request.</param>
    /// <param name="hold">How long the application holds it.</param>
    /// <param name="cancellationToken">The end of the run.</param>
    public Task<Outcome> ShopAsync(
        int client, ChaosNode node, KnownSession known, CartAction action, string item, TimeSpan hold, CancellationToken cancellationToken)
    {
        var id = recorder.NextId();
        var step = new CartStep(action, action == CartAction.Add ? id : item, Seen: null);
        var target = $"/cart/{action}/{step.Item}?hold={(int)hold.TotalMilliseconds}";
        return SendAsync(client, node, known, target, Timeout, async (response, aborted) =>
        {
            var text = await response.Content.ReadAsStringAsync(aborted);
            var end = text.LastIndexOf('\t');
            step = step with { Seen = text[(end + 1)..].Split(CartEndpoint.Separator, StringSplitOptions.RemoveEmptyEntries) };
            return ExecutionLog.ParseAnswer(text[..end]);
        }, cancellationToken, id, () => step);
    }

    /// <summary>Holds a stream open until the node or the client ends it. As a request it is never acknowledged: it has no end.</summary>
    public Task<Outcome> ListenAsync(int client, ChaosNode node, KnownSession known, TimeSpan lasting, CancellationToken cancellationToken)
        => SendAsync(client, node, known, "/stream", lasting, async (response, aborted) =>
        {
            var id = response.RequestMessage!.Headers.GetValues(ChaosNodeProgram.IdHeader).Single();
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(aborted));
            while (await reader.ReadLineAsync(aborted) is { } line)
            {
                var at = line.IndexOf(' ', StringComparison.Ordinal);
                recorder.Add(new StreamEvent(id, ExecutionLog.ParseAnswer(line[(at + 1)..]), long.Parse(line.AsSpan(0, at), CultureInfo.InvariantCulture)));
            }

            return null;
        }, cancellationToken);

    public void Dispose() => _http.Dispose();

    private async Task<Outcome> SendAsync(
        int client,
        ChaosNode node,
        KnownSession known,
        string target,
        TimeSpan within,
        Func<HttpResponseMessage, CancellationToken, Task<Answer?>> readAsync,
        CancellationToken cancellationToken,
        string? id = null,
        Func<CartStep>? step = null)
    {
        id ??= recorder.NextId();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(node.Address, target)) { Content = new ByteArrayContent(Body) };
        request.Headers.Add(ChaosNodeProgram.IdHeader, id);
        if (known.Cookie is { } cookie)
        {
            request.Headers.Add("Cookie", cookie);
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(within);
        var (status, problem, issued) = (0, "", (string?)null);
        Answer? answer = null;
        var began = Stopwatch.GetTimestamp();
        try
        {
            using var response = await _http.SendAsync(request, end.Token);
            status = (int)response.StatusCode;
            issued = CookieOf(response);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                answer = await readAsync(response, end.Token);
                problem = answer is null ? "stream ended" : "";
            }
            else
            {
                problem = await ReasonAsync(response, end.Token);
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            problem = failure is not OperationCanceledException ? failure.Message
                : cancellationToken.IsCancellationRequested || status != 0 ? "given up"
                : Operation.NoAnswerInTime;
        }

        var ended = Stopwatch.GetTimestamp();
        var presented = known is { Cookie: not null, Answer: { } last } ? $"{last.Session}@{last.Epoch}" : "-";
        var cart = step?.Invoke();
        recorder.Add(new Operation(id, client, node.Name, began, ended, status, problem, answer, presented) { Cart = cart });
        return new Outcome(answer, issued, status, cart?.Seen);
    }

    private static string? CookieOf(HttpResponseMessage response)
        => response.Headers.TryGetValues("Set-Cookie", out var cookies)
            ? cookies.Select(cookie => cookie.Split(';')[0]).LastOrDefault(cookie => cookie.StartsWith(Session, StringComparison.Ordinal))
            : null;

    private static async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
            return problem.RootElement.TryGetProperty("reason", out var reason) ? reason.GetString()! : "no reason";
        }
        catch (JsonException)
        {
            return "no reason";
        }
    }
}

/// <summary>What a client knows of its session.</summary>
/// <param name="Cookie">The cookie; null before the first answer.</param>
/// <param name="Answer">The last answer of which the cookie is.</param>
internal sealed record KnownSession(string? Cookie = null, Answer? Answer = null)
{
    /// <summary>What was in its cart at last.</summary>
    public IReadOnlyList<string> Items { get; init; } = [];

    public static KnownSession None { get; } = new();

    public KnownSession With(Outcome outcome)
        => outcome.Answer is { } answer ? new KnownSession(outcome.Cookie ?? Cookie, answer) { Items = outcome.Items ?? (answer.Session == Answer?.Session ? Items : []) }
            : outcome.Cookie is { } cookie ? this with { Cookie = cookie } : this;
}

/// <param name="Answer">Who ran the request; null if that is unknown.</param>
/// <param name="Cookie">The session's cookie if the answer carried one.</param>
/// <param name="Status">The status; 0 if there was no answer.</param>
/// <param name="Items">What is in the cart; null if the answer does not say.</param>
internal sealed record Outcome(Answer? Answer, string? Cookie, int Status, IReadOnlyList<string>? Items = null);
