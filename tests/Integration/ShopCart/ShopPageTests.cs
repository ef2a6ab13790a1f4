using System.Net;

namespace StickySessions.Tests.Integration.ShopCart;

public class ShopPageTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Page_Asked_ShowsProductsNodesAndAnEmptyCart()
    {
        await using var shop = await RunningShop.StartAsync();

        var answer = await shop.Visitor.GetAsync("/", Cancelled);
        var page = await answer.Content.ReadAsStringAsync(Cancelled);

        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        Assert.Contains("Sourdough bread", page, StringComparison.Ordinal);
        Assert.Contains("Nothing in it yet", page, StringComparison.Ordinal);
        Assert.Contains("""data-node="web-2" """.Trim(), page, StringComparison.Ordinal);
        Assert.Contains("""<dd id="owner">web-1</dd>""", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Forms_WithoutAScript_AddRemoveAndEmpty()
    {
        await using var shop = await RunningShop.StartAsync();

        await PostAsync(shop, "/cart/add", ("sku", "apple"), ("quantity", "2"));
        await PostAsync(shop, "/cart/add", ("sku", "bread"), ("quantity", "1"));
        Assert.Equal(3, await CountAsync(shop));
        Assert.Contains(">3</span>", await shop.Visitor.GetStringAsync("/", Cancelled), StringComparison.Ordinal);
        Assert.Contains("6.00", await shop.Visitor.GetStringAsync("/", Cancelled), StringComparison.Ordinal);

        await PostAsync(shop, "/cart/remove", ("sku", "apple"));
        Assert.Equal(1, await CountAsync(shop));

        await PostAsync(shop, "/cart/empty");
        Assert.Equal(0, await CountAsync(shop));
    }

    [Theory]
    [InlineData("pear", "1")]
    [InlineData("apple", "0")]
    [InlineData("apple", "many")]
    public async Task AddForm_BadInput_Is400(string sku, string quantity)
    {
        await using var shop = await RunningShop.StartAsync();
        using var form = Form(("sku", sku), ("quantity", quantity));

        var answer = await shop.Visitor.PostAsync("/cart/add", form, Cancelled);

        await RunningShop.AssertProblemAsync(HttpStatusCode.BadRequest, answer);
    }

    [Fact]
    public async Task AddForm_NoForm_Is400()
    {
        await using var shop = await RunningShop.StartAsync();

        await RunningShop.AssertProblemAsync(HttpStatusCode.BadRequest, await shop.Visitor.PostAsync("/cart/add", null, Cancelled));
    }

    [Fact]
    public async Task Page_EverythingItNames_ComesFromTheShop()
    {
        await using var shop = await RunningShop.StartAsync();
        var page = await shop.Visitor.GetStringAsync("/", Cancelled);
        var assets = page.Split("src=\"").Skip(1).Concat(page.Split("href=\"").Skip(1))
            .Select(rest => rest.Split('"')[0].Split('#')[0])
            .Where(address => address is not ("" or "/"))
            .Distinct()
            .ToList();

        Assert.Equal(4, assets.Count);
        foreach (var asset in assets)
        {
            Assert.StartsWith("/", asset, StringComparison.Ordinal);
            var answer = await shop.Visitor.GetAsync(asset, Cancelled);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.False(answer.Headers.Contains("Set-Cookie"));
        }
    }

    private static async Task PostAsync(RunningShop shop, string address, params (string Name, string Value)[] fields)
    {
        using var form = Form(fields);
        var answer = await shop.Visitor.PostAsync(address, form, Cancelled);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        Assert.Equal("/", answer.Headers.Location?.OriginalString);
    }

    private static FormUrlEncodedContent Form(params (string Name, string Value)[] fields)
        => new(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));

    private static async Task<int> CountAsync(RunningShop shop) => (await shop.CartAsync()).GetProperty("count").GetInt32();
}
