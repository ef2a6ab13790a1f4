using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ShopCart.Shop;

namespace StickySessions.Tests.Integration.ShopCart;

/// <summary>One node of the shop in this process, on a real socket, and one visitor who keeps cookies.</summary>
internal sealed class RunningShop : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RunningShop(WebApplication app)
    {
        _app = app;
        Visitor = NewVisitor();
    }

    public HttpClient Visitor { get; }

    public CancellationToken Stopping => _app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static async Task<RunningShop> StartAsync(bool sticky = true, Action<WebApplicationBuilder>? configure = null)
    {
        Dictionary<string, string?> settings = new()
        {
            ["urls"] = "http://127.0.0.1:0",
            ["StickySessions:Node:Name"] = "web-1",
            ["ShopCart:Sticky"] = sticky ? "on" : "off",
            ["ShopCart:Nodes"] = "web-1,web-2",
        };
        var app = ShopNode.Build(settings, builder =>
        {
            builder.Logging.ClearProviders();
            configure?.Invoke(builder);
        });
        await app.StartAsync(Cancelled);
        return new RunningShop(app);
    }

    /// <summary>Somebody else, with cookies of their own. Redirects are not followed: tests want to see them.</summary>
    public HttpClient NewVisitor() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
    {
        BaseAddress = new Uri(_app.Urls.First()),
    };

    public async Task<HttpResponseMessage> AddAsync(string sku, int quantity)
        => await Visitor.PostAsJsonAsync("/api/cart/items", new { sku, quantity }, Cancelled);

    public async Task<JsonElement> CartAsync(HttpClient? visitor = null)
        => await (visitor ?? Visitor).GetFromJsonAsync<JsonElement>("/api/cart", Cancelled);

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
        => await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);

    public static async Task AssertProblemAsync(HttpStatusCode status, HttpResponseMessage response)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal((int)status, (await JsonAsync(response)).GetProperty("status").GetInt32());
    }

    public async ValueTask DisposeAsync()
    {
        Visitor.Dispose();
        await _app.DisposeAsync();
    }
}
