using System.Globalization;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.RealClients.Browsers;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>The sample's page in Chromium, with its script and as plain forms.</summary>
[Collection(nameof(RealClientTests))]
public sealed class ShopCartInBrowserTests(SharedShopsForBrowsers shops) : IClassFixture<SharedShopsForBrowsers>
{
    private const int Clicks = 500;

    private static readonly string[] Skus = ["apple", "bread", "cheese", "honey", "coffee", "chocolate", "lemon", "avocado"];

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task PageWithScript_BehindABalancerThatSprays_CountsEveryClick(Spraying spraying)
    {
        var shop = await shops.StickyAsync(spraying);
        using var browser = Browser.StartOrSkip();
        browser.Open(shop);

        var counts = browser.ClickAndRead(AddButton("apple"), "#count", Clicks);
        Assert.Equal(Enumerable.Range(1, Clicks), counts.Select(count => int.Parse(count, CultureInfo.InvariantCulture)));

        browser.Open(shop);
        Assert.Equal($"{Clicks}", browser.Text("#count"));
        Assert.Equal([$"{Clicks}"], browser.Texts("#lines [data-part=quantity]"));
        Assert.Empty(browser.Record.Complaints);
    }

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task PageWithoutScript_BehindABalancerThatSprays_KeepsEveryItem(Spraying spraying)
    {
        var shop = await shops.StickyAsync(spraying);
        using var browser = Browser.StartOrSkip(scripts: false);
        browser.Open(shop);

        for (var i = 0; i < Skus.Length * 3; i++)
        {
            await AddAsync(browser, Skus[i % Skus.Length]);
            Assert.Equal($"{i + 1}", browser.Text("#count"));
        }

        Assert.Equal(Skus.Length, browser.Texts("#lines .name").Length);
        Assert.All(browser.Texts("#lines [data-part=quantity]"), quantity => Assert.Equal("3", quantity));
        Assert.Empty(browser.Record.Complaints);
        Assert.DoesNotContain(browser.Record.Requests, request => request.Contains("/api/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task PageWithScript_WithoutStickySessions_LosesItems(Spraying spraying)
    {
        var shop = await shops.UnstickyAsync(spraying);
        using var browser = Browser.StartOrSkip();
        browser.Open(shop);

        for (var i = 0; i < Skus.Length; i++)
        {
            browser.Click(AddButton(Skus[i]));
            await Eventually.Async(() => browser.Record.Requests.Count(request => request.StartsWith("POST ", StringComparison.Ordinal)) > i, "it is sent");
        }

        browser.Open(shop);
        Assert.NotEqual($"{Skus.Length}", browser.Text("#count"));
    }

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task PageWithoutScript_WithoutStickySessions_LosesItems(Spraying spraying)
    {
        var shop = await shops.UnstickyAsync(spraying);
        using var browser = Browser.StartOrSkip(scripts: false);
        browser.Open(shop);

        foreach (var sku in Skus)
        {
            await AddAsync(browser, sku);
        }

        Assert.NotEqual($"{Skus.Length}", browser.Text("#count"));
    }

    private static string AddButton(string sku) => $"form[data-sku={sku}] button";

    /// <summary>Returns when the page has come back after the form's POST.</summary>
    private static Task AddAsync(Browser browser, string sku)
    {
        browser.Mark();
        browser.Click(AddButton(sku));
        return Eventually.Async(browser.HasLoadedAgain, "the page has come back");
    }
}
