using System.Net;
using System.Text;
using System.Text.Json;

namespace StickySessions.Tests.Integration.ShopCart;

public class CartApiTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cart_NothingAdded_IsEmptyAndNamesThisNode(bool sticky)
    {
        await using var shop = await RunningShop.StartAsync(sticky);

        var cart = await shop.CartAsync();

        Assert.Equal(["items", "count", "session", "owner", "ingress", "forwarded"], cart.EnumerateObject().Select(field => field.Name));
        Assert.Empty(cart.GetProperty("items").EnumerateArray());
        Assert.Equal(0, cart.GetProperty("count").GetInt32());
        Assert.Equal("web-1", cart.GetProperty("owner").GetString());
        Assert.Equal("web-1", cart.GetProperty("ingress").GetString());
        Assert.False(cart.GetProperty("forwarded").GetBoolean());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Add_SameAndOtherSkus_AddsUpInTheSameSession(bool sticky)
    {
        await using var shop = await RunningShop.StartAsync(sticky);

        await shop.AddAsync("apple", 2);
        await shop.AddAsync("item-9999", 1);
        var answer = await shop.AddAsync("apple", 3);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var cart = await RunningShop.JsonAsync(answer);
        Assert.Equal(
            """[{"sku":"apple","quantity":5},{"sku":"item-9999","quantity":1}]""",
            cart.GetProperty("items").GetRawText());
        Assert.Equal(6, cart.GetProperty("count").GetInt32());
        Assert.NotEqual("", cart.GetProperty("session").GetString());
        Assert.Equal(cart.GetRawText(), (await shop.CartAsync()).GetRawText());
    }

    [Fact]
    public async Task Add_OtherVisitor_HasAnotherCart()
    {
        await using var shop = await RunningShop.StartAsync();
        using var other = shop.NewVisitor();

        await shop.AddAsync("apple", 1);

        Assert.Equal(0, (await shop.CartAsync(other)).GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Add_ManyAtOnceInOneSession_LosesNone()
    {
        const int Adds = 100;
        await using var shop = await RunningShop.StartAsync();
        await shop.AddAsync("apple", 1);

        await Task.WhenAll(Enumerable.Range(0, Adds).Select(i => shop.AddAsync($"item-{i}", 1)));

        Assert.Equal(1 + Adds, (await shop.CartAsync()).GetProperty("count").GetInt32());
    }

    [Theory]
    [InlineData("""{"sku":"pear","quantity":1}""")]
    [InlineData("""{"sku":"item-10000","quantity":1}""")]
    [InlineData("""{"sku":"item-01","quantity":1}""")]
    [InlineData("""{"sku":"item-+1","quantity":1}""")]
    [InlineData("""{"sku":"item-","quantity":1}""")]
    [InlineData("""{"sku":null,"quantity":1}""")]
    [InlineData("""{"quantity":1}""")]
    [InlineData("""{"sku":"apple","quantity":0}""")]
    [InlineData("""{"sku":"apple","quantity":100}""")]
    [InlineData("""{"sku":"apple","quantity":-1}""")]
    [InlineData("""{"sku":"apple","quantity":1.5}""")]
    [InlineData("""{"sku":"apple","quantity":"1"}""")]
    [InlineData("""{"sku":"apple"}""")]
    [InlineData("""{"sku":"apple","quantity":1""")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("")]
    public async Task Add_BadBody_Is400AndAddsNothing(string body)
    {
        await using var shop = await RunningShop.StartAsync();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");

        var answer = await shop.Visitor.PostAsync("/api/cart/items", content, Cancelled);

        await RunningShop.AssertProblemAsync(HttpStatusCode.BadRequest, answer);
        Assert.Equal(0, (await shop.CartAsync()).GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Add_NoJson_Is400()
    {
        await using var shop = await RunningShop.StartAsync();
        using var content = new StringContent("""{"sku":"apple","quantity":1}""", Encoding.UTF8, "text/plain");

        await RunningShop.AssertProblemAsync(
            HttpStatusCode.BadRequest, await shop.Visitor.PostAsync("/api/cart/items", content, Cancelled));
    }

    [Fact]
    public async Task Add_FromAnotherSite_Is403AndBeginsNoSession()
    {
        await using var shop = await RunningShop.StartAsync(sticky: false);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/cart/items")
        {
            Content = new StringContent("""{"sku":"apple","quantity":1}""", Encoding.UTF8, "application/json"),
            Headers = { { "Sec-Fetch-Site", "cross-site" } },
        };

        var answer = await shop.Visitor.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task Remove_InTheCart_TakesTheWholeLine()
    {
        await using var shop = await RunningShop.StartAsync();
        await shop.AddAsync("apple", 3);
        await shop.AddAsync("bread", 1);

        var answer = await shop.Visitor.DeleteAsync("/api/cart/items/apple", Cancelled);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("""[{"sku":"bread","quantity":1}]""", (await RunningShop.JsonAsync(answer)).GetProperty("items").GetRawText());
    }

    [Fact]
    public async Task Remove_NotInTheCart_Is404()
    {
        await using var shop = await RunningShop.StartAsync();

        await RunningShop.AssertProblemAsync(
            HttpStatusCode.NotFound, await shop.Visitor.DeleteAsync("/api/cart/items/apple", Cancelled));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task End_WithACart_Is204AndTheNextSessionIsNew(bool sticky)
    {
        await using var shop = await RunningShop.StartAsync(sticky);
        var before = (await RunningShop.JsonAsync(await shop.AddAsync("apple", 1))).GetProperty("session").GetString();

        var answer = await shop.Visitor.DeleteAsync("/api/cart", Cancelled);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(0, (await shop.CartAsync()).GetProperty("count").GetInt32());
        var after = (await RunningShop.JsonAsync(await shop.AddAsync("bread", 1))).GetProperty("session").GetString();
        Assert.NotEqual(before, after);
    }

    [Fact]
    public async Task End_OldCookieSentAgain_BringsNothingBack()
    {
        await using var shop = await RunningShop.StartAsync();
        var cookies = string.Join("; ", (await shop.AddAsync("apple", 1)).Headers.GetValues("Set-Cookie").Select(cookie => cookie.Split(';')[0]));
        await shop.Visitor.DeleteAsync("/api/cart", Cancelled);

        using var thief = shop.NewVisitor();
        thief.DefaultRequestHeaders.Add("Cookie", cookies);

        Assert.Equal(0, (await shop.CartAsync(thief)).GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Products_Asked_AreTheCatalogueWithoutASession()
    {
        await using var shop = await RunningShop.StartAsync();

        var answer = await shop.Visitor.GetAsync("/api/products", Cancelled);

        Assert.False(answer.Headers.Contains("Set-Cookie"));
        var products = (await RunningShop.JsonAsync(answer)).EnumerateArray().ToList();
        Assert.Contains(products, product => product.GetProperty("sku").GetString() == "apple");
        Assert.All(products, product => Assert.Equal(JsonValueKind.Number, product.GetProperty("price").ValueKind));
    }

    [Fact]
    public async Task UnknownAddress_Asked_IsAProblem()
    {
        await using var shop = await RunningShop.StartAsync();

        await RunningShop.AssertProblemAsync(HttpStatusCode.NotFound, await shop.Visitor.GetAsync("/api/nothing", Cancelled));
    }
}
