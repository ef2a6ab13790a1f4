using System.Net;

namespace StickySessions.Tests.Integration.MainJob;

/// <summary>The main job: three nodes, requests to any of them, one cart. The same for every way to host the nodes.</summary>
public abstract class MainJobTests(ShopHost host)
{
    private const int Nodes = 3;

    [Fact]
    public async Task Session_UsedAtEveryNode_StaysWithTheNodeWhereItBegan()
    {
        var shop = await host.SharedAsync();
        for (var first = 0; first < Nodes; first++)
        {
            var browser = new Browser(shop);
            var begun = await browser.AddAsync(first);
            Assert.Equal((1, Name(first), Name(first), false), (begun.Count, begun.Owner, begun.Ingress, begun.Forwarded));

            for (var step = 1; step <= 6; step++)
            {
                var ingress = (first + step) % Nodes;
                var seen = await browser.AddAsync(ingress, $"item-{step}");
                Assert.Equal(
                    (1 + step, begun.Session, Name(first), Name(ingress), ingress != first),
                    (seen.Count, seen.Session, seen.Owner, seen.Ingress, seen.Forwarded));
            }
        }
    }

    [Fact]
    public async Task ParallelRequestsOfOneSession_AllReachOneCart()
    {
        var shop = await host.SharedAsync();
        var browser = new Browser(shop);
        await browser.AddAsync(0, "item-0");

        await Task.WhenAll(Enumerable.Range(1, 60).Select(i => browser.AddAsync(i % Nodes, $"item-{i}")));

        Assert.Equal(61, (await browser.LookAsync(1)).Count);
    }

    [Fact]
    public async Task Token_OfALivingSession_IsNotSentAgainWithEveryResponse()
    {
        var shop = await host.SharedAsync();
        var browser = new Browser(shop);
        await browser.AddAsync(0);

        using var local = await browser.GetAsync(0, "/api/cart");
        using var forwarded = await browser.GetAsync(1, "/api/cart");

        Assert.DoesNotContain(SetCookies(local), IsToken);
        Assert.DoesNotContain(SetCookies(forwarded), IsToken);
    }

    [Theory]
    [InlineData("forged")]
    [InlineData("truncated")]
    [InlineData("oversized")]
    [InlineData("garbage")]
    public async Task UnacceptableToken_StartsANewSession(string kind)
    {
        var shop = await host.SharedAsync();
        var browser = new Browser(shop);
        var old = await browser.AddAsync(0);
        browser.Token = kind switch
        {
            "forged" => (browser.Token[0] == 'A' ? 'A' : 'B') + Flip(browser.Token[1..]),
            "truncated" => browser.Token[..^1],
            "oversized" => new string('A', 5000),
            _ => "%%%\u0001",
        };

        var seen = await browser.AddAsync(1);

        Assert.Equal((1, Name(1)), (seen.Count, seen.Owner));
        Assert.NotEqual(old.Session, seen.Session);
        Assert.Equal(2, (await browser.AddAsync(2, "item-2")).Count);
    }

    [Fact]
    public async Task TwoCookiesOfTheName_TheValidOneCounts()
    {
        var shop = await host.SharedAsync();
        var browser = new Browser(shop);
        var begun = await browser.AddAsync(0);

        browser.CookieHeader = $"{Browser.CookieName}=forged; other=1; {Browser.CookieName}={browser.Token}";

        Assert.Equal(begun.Session, (await browser.LookAsync(1)).Session);
    }

    [Fact]
    public async Task End_DeletesTheCookie_AndTheOldTokenStartsANewSession()
    {
        var shop = await host.SharedAsync();
        var browser = new Browser(shop);
        var old = await browser.AddAsync(0);
        var token = browser.Token;

        using var ended = await browser.EndAsync(1);

        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        Assert.Contains(SetCookies(ended), cookie => cookie.StartsWith($"{Browser.CookieName}=;", StringComparison.Ordinal));
        browser.CookieHeader = $"{Browser.CookieName}={token}";
        for (var node = 0; node < Nodes; node++)
        {
            var seen = await browser.LookAsync(node);
            Assert.NotEqual(old.Session, seen.Session);
            Assert.Equal(0, seen.Count);
        }
    }

    [Fact]
    public async Task EndpointThatIsNotSticky_IsAnsweredWhereItArrives_WithoutASession()
    {
        var shop = await host.SharedAsync();
        var browser = new Browser(shop);
        for (var node = 0; node < Nodes; node++)
        {
            using var answer = await browser.GetAsync(node, "/api/products");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Empty(SetCookies(answer));
        }
    }

    [Fact]
    public async Task StickyHeadersOfAClient_ChangeNothing()
    {
        var shop = await host.SharedAsync();
        var browser = new Browser(shop);
        var begun = await browser.AddAsync(0);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/cart");
        request.Headers.Add("Sticky-Envelope", "AAAA");
        request.Headers.Add("Sticky-Anything", "1");

        using var answer = await browser.SendAsync(1, request);

        Assert.Contains($"\"session\":\"{begun.Session}\"", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OwnerThatStops_LeavesItsSessionToOneOther()
    {
        await using var shop = await host.StartAsync();
        var browser = new Browser(shop);
        var begun = await browser.AddAsync(0);
        var token = browser.Token;

        await shop.StopAsync(0);

        // With the old token again and again: the record, not the token, says who owns the session now.
        browser.CookieHeader = $"{Browser.CookieName}={token}";
        var seen = new[] { await browser.LookAsync(1), await browser.LookAsync(2), await browser.LookAsync(1) };
        Assert.All(seen, cart => Assert.Equal(begun.Session, cart.Session));
        Assert.NotEqual(Name(0), Assert.Single(seen.Select(cart => cart.Owner).Distinct()));
    }

    private static string Name(int node) => $"web-{node + 1}";

    private static bool IsToken(string setCookie) => setCookie.StartsWith(Browser.CookieName, StringComparison.Ordinal);

    private static IEnumerable<string> SetCookies(HttpResponseMessage answer)
        => answer.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies : [];

    private static string Flip(string text) => (text[0] == 'x' ? 'y' : 'x') + text[1..];
}
