using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Nodes;

/// <summary>
/// A cart in the state of each session. Every other item is in a typed value, the rest are keys of <c>HttpContext.Session</c>. An item is there
/// as often as it was put in.
/// </summary>
internal static class CartEndpoint
{
    /// <summary>What separates items in an answer, which has them after all else.</summary>
    public const char Separator = ' ';

    public static void AddCarts(this IServiceCollection services)
        => services.AddStickySessionState(state => state.Add("cart", CartJson.Default.Cart));

    /// <param name="routes">The application.</param>
    /// <param name="enter">Notes that a request runs.</param>
    /// <param name="leave">Notes that it is about to answer.</param>
    public static void MapCarts(this IEndpointRouteBuilder routes, Func<HttpContext, IClusterMembership, Answer> enter, Action<HttpContext> leave)
        => routes.MapPost("/cart/{action}/{item?}", async (HttpContext context, IClusterMembership membership, CartAction action, string? item, int hold) =>
        {
            var answer = enter(context, membership);
            await Task.Delay(hold / 2, context.RequestAborted);
            var seen = string.Join(Separator, Do(context, action, item ?? ""));
            await Task.Delay(hold / 2, context.RequestAborted);
            leave(context);
            await context.Response.WriteAsync($"{ExecutionLog.Format(answer)}\t{seen}", context.RequestAborted);
        });

    private static IEnumerable<string> Do(HttpContext context, CartAction action, string item)
    {
        var session = context.Session;
        switch (action)
        {
            case CartAction.Add when IsTyped(item):
                session.State<Cart>().Change(cart => cart.Items.Add(item));
                break;
            case CartAction.Add:
                session.SetInt32(item, (session.GetInt32(item) ?? 0) + 1);
                break;
            case CartAction.Remove when IsTyped(item):
                session.State<Cart>().Change(cart => cart.Items.RemoveAll(each => each == item));
                break;
            case CartAction.Remove:
                session.Remove(item);
                break;
            case CartAction.End:
                context.Features.Get<IStickySessionFeature>()!.End();
                break;
        }

        return [.. session.State<Cart>().Read(cart => cart.Items.ToArray()), .. session.Keys.SelectMany(key => Enumerable.Repeat(key, session.GetInt32(key) ?? 0))];
    }

    private static bool IsTyped(string item) => int.Parse(item.AsSpan(1), CultureInfo.InvariantCulture) % 2 == 0;
}

internal sealed class Cart
{
    public List<string> Items { get; init; } = [];
}

[JsonSerializable(typeof(Cart))]
internal sealed partial class CartJson : JsonSerializerContext;
