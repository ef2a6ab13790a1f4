using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.State;

/// <summary>An application that keeps a basket, and whatever one likes, in its session.</summary>
internal static class StateApplication
{
    public static PlacementCluster Cluster(string? redis, Action<IStickySessionsBuilder>? configure = null) => new(redis)
    {
        Configure = sticky =>
        {
            sticky.Services.AddStickySessionState(state => state.Add("basket", StateJson.Default.Basket));
            sticky.Services.AddSingleton<TaskCompletionSource>();
            configure?.Invoke(sticky);
        },
        Map = app =>
        {
            app.MapPut("/values/{key}/{value}", (HttpContext context, string key, string value) => context.Session.SetString(key, value));
            app.MapGet("/values/{key}", (HttpContext context, string key) => context.Session.GetString(key) ?? "-");
            app.MapDelete("/values/{key}", (HttpContext context, string key) => context.Session.Remove(key));
            app.MapPost("/basket/{sku}", (HttpContext context, string sku) => context.Session.State<Basket>().Change(basket => basket.Add(sku)));
            app.MapGet("/basket", (HttpContext context) => context.Session.State<Basket>().Read(basket => string.Join(' ', basket.Items)));
            app.MapPost("/login/{sku}", (HttpContext context, string sku) =>
            {
                context.Response.Cookies.Append("app", Guid.NewGuid().ToString("N"));
                return context.Session.State<Basket>().Change(basket => basket.Add(sku));
            });
            app.MapPost("/token/{sku}", (HttpContext context, string sku) =>
            {
                context.Response.Headers["X-App"] = Guid.NewGuid().ToString("N");
                return context.Session.State<Basket>().Change(basket => basket.Add(sku));
            });
            app.MapStickySessionsMove("/ops/sessions/{session}/move");
            app.MapDelete("/wait-and-end", async (HttpContext context, TaskCompletionSource released) =>
            {
                await released.Task;
                context.Features.Get<IStickySessionFeature>()!.End();
            });
            app.MapGet("/wait", (TaskCompletionSource released) => released.Task);
            app.MapDelete("/session", (HttpContext context) => context.Features.Get<IStickySessionFeature>()!.End());
        },
    };

    /// <summary>Lets the requests for <c>/wait</c> end.</summary>
    public static void Release(PlacementNode node) => node.Services.GetRequiredService<TaskCompletionSource>().SetResult();
}

internal sealed class Basket
{
    public List<string> Items { get; init; } = [];

    public int Add(string sku)
    {
        Items.Add(sku);
        return Items.Count;
    }
}

[JsonSerializable(typeof(Basket))]
internal sealed partial class StateJson : JsonSerializerContext;
