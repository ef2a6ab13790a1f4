using System.Globalization;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.RealClients.Browsers;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>
/// Blazor Server in Chromium. A page is made at prerender, and again in a circuit, in the same process or not at all: nodes cannot read
/// what another one has encrypted, nor do they have its visits.
/// </summary>
[Collection(nameof(RealClientTests))]
public sealed class BlazorTests(SharedClientApps apps)
{
    private const int Clicks = 300;

    // As SignalR's JavaScript client numbers them.
    private const int WebSockets = 1;
    private const int LongPolling = 4;

    [Theory]
    [InlineData(Spraying.Connections, WebSockets)]
    [InlineData(Spraying.Connections, LongPolling)]
    [InlineData(Spraying.Requests, WebSockets)]
    [InlineData(Spraying.Requests, LongPolling)]
    public async Task Circuit_BehindABalancerThatSprays_KeepsWhatPrerenderBegan(Spraying spraying, int transport)
    {
        using var browser = Browser.StartOrSkip();
        browser.Open(await VisitAsync(await apps.StickyAsync(), spraying, transport));
        await Eventually.Async(() => browser.Text("#where") == "circuit", "the circuit has begun");

        var counts = browser.ClickAndRead("#more", "#count", Clicks);
        await SignAsync(browser, "Ada");
        await SignAsync(browser, "Grace");

        Assert.Equal(Enumerable.Range(1, Clicks), counts.Select(count => int.Parse(count, CultureInfo.InvariantCulture)));
        Assert.Equal(["Ada", "Grace"], browser.Texts(".name"));
        Assert.Empty(browser.Record.Complaints);

        // It was the transport that was asked for, and no other.
        Assert.Equal(transport == WebSockets ? 1 : 0, browser.Record.WebSockets.Count);
        Assert.Equal(transport == LongPolling, browser.Record.Requests.Count(IsPoll) > Clicks);
    }

    [Theory]
    [InlineData(Spraying.Connections, WebSockets)]
    [InlineData(Spraying.Connections, LongPolling)]
    [InlineData(Spraying.Requests, WebSockets)]
    [InlineData(Spraying.Requests, LongPolling)]
    public async Task Circuit_WithoutStickySessions_NeverBegins(Spraying spraying, int transport)
    {
        using var browser = Browser.StartOrSkip();
        browser.Open(await VisitAsync(await apps.UnstickyAsync(), spraying, transport));

        await Eventually.Async(() => browser.Record.Complaints.Count > 0, "the browser complains");
        Assert.Equal("prerender", browser.Text("#where"));
    }

    [Theory]
    [InlineData("/remember", "/drain")] // a session with state is handed over
    [InlineData("/letter", "/drain?stop=true")] // one without is claimed by whoever it is asked for at
    public async Task Circuit_WhoseNodeDrains_GoesOnElsewhereWithWhatItPersists(string first, string drain)
    {
        using var browser = Browser.StartOrSkip();
        var keys = Directory.CreateTempSubdirectory("sticky-keys-");
        await using var cluster = await apps.StartAsync($"--keys={keys.FullName}", "--StickySessions:State:PauseCircuits=true", "--StickySessions:Node:DrainDelay=00:00:00.2");
        var (owner, ingress) = (cluster.Nodes[0], cluster.Nodes[1]);
        browser.Open(new Uri(owner.Address, first));
        browser.Open(new Uri(ingress.Address, $"/stay?transport={WebSockets}"));
        await Eventually.Async(() => browser.Text("#where") == "circuit", "the circuit has begun");
        Assert.Equal(["1", "2", "3"], browser.ClickAndRead("#more", "#count", 3));
        Assert.Equal(owner.Name, browser.Text("#node"));
        browser.Mark();

        using var client = new HttpClient();
        (await client.PostAsync(new Uri(owner.Address, drain), content: null, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();

        await Eventually.Async(() => browser.Texts("#node") is [var node] && node != owner.Name, "the circuit goes on at another node");
        Assert.Equal("3", browser.Text("#count"));
        Assert.Equal(["4"], browser.ClickAndRead("#more", "#count", 1));
        Assert.False(browser.HasLoadedAgain());
        Assert.DoesNotContain(browser.Record.Complaints, complaint => complaint.Contains("blazor.web.js", StringComparison.Ordinal));
        keys.Delete(recursive: true);
    }

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task FormWithAntiforgeryToken_BehindABalancerThatSprays_IsAccepted(Spraying spraying)
    {
        using var browser = Browser.StartOrSkip();
        browser.Open(new Uri(await (await apps.StickyAsync()).AddressAsync(spraying), "/letter"));

        foreach (var letter in Enumerable.Range(1, 10).Select(number => $"letter {number}"))
        {
            browser.Type("#text", letter);
            browser.Click("#send");
            await Eventually.Async(() => browser.Texts("#sent") is [var sent] && sent == letter, $"{letter} is accepted");
        }

        Assert.Empty(browser.Record.Complaints);
    }

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task FormWithAntiforgeryToken_WithoutStickySessions_IsRefused(Spraying spraying)
    {
        using var browser = Browser.StartOrSkip();
        browser.Open(new Uri(await (await apps.UnstickyAsync()).AddressAsync(spraying), "/letter"));

        browser.Type("#text", "a letter");
        browser.Click("#send");

        await Eventually.Async(
            () => browser.Record.Complaints.Any(complaint => complaint.StartsWith("400 ", StringComparison.Ordinal)), "the form is refused");
    }

    private static async Task<Uri> VisitAsync(ClientAppCluster cluster, Spraying spraying, int transport)
        => new(await cluster.AddressAsync(spraying), $"/visit?transport={transport}");

    private static bool IsPoll(string request) => request.StartsWith("GET ", StringComparison.Ordinal) && request.Contains("/_blazor?id=", StringComparison.Ordinal);

    private static Task SignAsync(Browser browser, string name)
    {
        browser.Type("#name", name);
        browser.Click("#sign");
        return Eventually.Async(() => browser.Texts(".name").Contains(name), $"{name} has signed");
    }
}
