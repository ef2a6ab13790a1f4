using System.Buffers.Text;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Startup;

/// <summary>What the counters say about requests and the tokens in them.</summary>
public sealed class TokenMetricsTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));

    /// <summary>Each is answered as a client without a token is, and counted once.</summary>
    [Theory]
    [InlineData("malformed")]
    [InlineData("truncated", "malformed")]
    [InlineData("oversized")]
    [InlineData("unknown-version")]
    [InlineData("unknown-key")]
    [InlineData("forged")]
    [InlineData("expired")]
    [InlineData("replayed", "session-over")]
    public async Task Token_Rejected_StartsANewSessionAndIsCountedOnceWithItsReason(string token, string? reason = null)
    {
        await using var app = await StartAsync();
        using var counts = new CountedMetrics(app.Services);
        var begun = await app.GetAsync("/session");

        var answer = await app.GetAsync("/session", $".StickySession={await SpoilAsync(app, begun.Cookie.Split('=')[1], token)}");

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.NotEqual(begun.Body, answer.Body);
        Assert.NotNull(answer.SetCookie);
        Assert.Equal([("reason", reason ?? token, 1)], counts.Of("stickysessions.tokens.rejected"));
        var outcome = token is "expired" or "replayed" ? "session-over" : "token-invalid";
        await Eventually.Async(
            () => counts.Of("stickysessions.requests").Count(count => count is ("outcome", "new", 1) || count == ("outcome", outcome, 1)) == 2,
            "each request is counted once");
    }

    [Fact]
    public async Task Tokens_OneOfThemValid_AreNotCountedAsRejected()
    {
        await using var app = await StartAsync();
        using var counts = new CountedMetrics(app.Services);
        var begun = await app.GetAsync("/session");

        var answer = await app.GetAsync("/session", $".StickySession=nonsense; {begun.Cookie}");

        Assert.Equal(begun.Body, answer.Body);
        Assert.Empty(counts.Of("stickysessions.tokens.rejected"));
    }

    [Fact]
    public async Task Requests_ToStickyEndpoints_AreCountedByOutcome()
    {
        await using var app = await StartAsync();
        using var counts = new CountedMetrics(app.Services);
        var begun = await app.GetAsync("/session");
        await app.GetAsync("/session", begun.Cookie);
        await app.GetAsync("/session", begun.Cookie);
        await app.GetAsync("/plain", begun.Cookie);

        (string, string, int)[] expected = [("outcome", "disabled", 1), ("outcome", "local", 2), ("outcome", "new", 1), ("policy", "default", 3)];
        await Eventually.Async(() => counts.Of("stickysessions.requests").SequenceEqual(expected), "all are counted");
    }

    private async Task<string> SpoilAsync(TestApp app, string token, string how)
    {
        switch (how)
        {
            case "malformed":
                return "not/base64url";
            case "truncated":
                return token[..^4];
            case "oversized":
                return token + token;
            case "unknown-version":
                return Change(token, at: 0);
            case "unknown-key":
                return Change(token, at: 1);
            case "forged":
                return Change(token, at: 20);
            case "expired":
                _time.Advance(TimeSpan.FromDays(7));
                return token;
            default:
                await app.GetAsync("/end", $".StickySession={token}");
                return token;
        }
    }

    private static string Change(string token, int at)
    {
        var bytes = Base64Url.DecodeFromChars(token);
        bytes[at] ^= 1;
        return Base64Url.EncodeToString(bytes);
    }

    private Task<TestApp> StartAsync() => TestApp.StartAsync(new TestAppSetup
    {
        BeforeAdd = builder => builder.Services.AddSingleton<TimeProvider>(_time),
    });
}
