using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>
/// An application as there are many: it has sessions of its own, in its own memory, and knows nothing of other nodes. Who comes with a token that it does not
/// know gets a new one.
/// </summary>
internal sealed class ApplicationWithTokens
{
    public const string Cookie = "APPSESSION";
    public const string Header = "X-App-Session";

    private readonly ConcurrentDictionary<string, int> _counts = new();
    private readonly TaskCompletionSource _endNow = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isEnding;

    public void Map(WebApplication app)
    {
        app.MapGet("/cookie", (HttpContext context) =>
        {
            var token = context.Request.Cookies[Cookie];
            if (token is null || !_counts.ContainsKey(token))
            {
                token = Guid.NewGuid().ToString("N");
                context.Response.Cookies.Append(Cookie, token, new CookieOptions { HttpOnly = true, Path = "/" });
            }

            return Seen(context, token);
        });
        app.MapGet("/header", (HttpContext context) =>
        {
            var token = context.Request.Headers[Header].ToString();
            if (!_counts.ContainsKey(token))
            {
                token = Guid.NewGuid().ToString("N");
                context.Response.Headers[Header] = token;
            }

            return Seen(context, token);
        });
        app.MapGet("/owner", (HttpContext context) => context.Features.Get<IStickySessionFeature>()!.Owner);
        app.MapGet("/session", (HttpContext context) => context.Features.Get<IStickySessionFeature>()!.SessionId);
        app.MapGet("/user", (HttpContext context) => Seen(context, context.Request.Headers["X-User"].ToString()));
        app.MapGet("/again", (HttpContext context) =>
        {
            var token = context.Request.Cookies[Cookie]!;
            context.Response.Cookies.Append(Cookie, token);
            return Seen(context, token);
        });
        app.MapGet("/give/{token}", (HttpContext context, string token) =>
        {
            context.Response.Cookies.Append(Cookie, token);
            return Seen(context, token);
        });
        app.MapGet("/logout", (HttpContext context) =>
        {
            _counts.TryRemove(context.Request.Cookies[Cookie]!, out _);
            context.Response.Cookies.Delete(Cookie);
            return "bye";
        });
        app.MapGet("/end", (HttpContext context) =>
        {
            context.Features.Get<IStickySessionFeature>()!.End();
            return "bye";
        });
        app.MapGet("/login", (HttpContext context) =>
        {
            context.Features.Get<IStickySessionFeature>()!.End();
            var token = Guid.NewGuid().ToString("N");
            _counts[token] = 0;
            context.Response.Cookies.Append(Cookie, token, new CookieOptions { HttpOnly = true, Path = "/" });
            return "welcome";
        });
        app.MapGet("/end-slowly", async (HttpContext context) =>
        {
            context.Features.Get<IStickySessionFeature>()!.End();
            _isEnding = true;
            await _endNow.Task;
            return "bye";
        });
        app.MapGet("/ending", () => _isEnding ? "yes" : "no");
        app.MapGet("/end-now", () => _endNow.TrySetResult());
        app.MapGet("/clear-legacy", (HttpContext context) =>
        {
            context.Response.Cookies.Delete("LEGACY");
            return "cleared";
        });
        app.MapGet("/plain", (HttpContext context) => context.Request.Headers.Cookie.ToString()).DisableStickySession();
    }

    private string Seen(HttpContext context, string token)
    {
        var feature = context.Features.Get<IStickySessionFeature>()!;
        var count = _counts.AddOrUpdate(token, 1, static (_, before) => before + 1);
        return string.Join(
            '|', count.ToString(CultureInfo.InvariantCulture), feature.Owner, feature.Ingress, context.Request.Headers.Cookie.ToString(), context.Request.Headers[Header].ToString());
    }
}

/// <summary>What the application said of one request.</summary>
internal sealed record Seen(int Count, string Owner, string Ingress, string Cookies, string Header)
{
    public static Seen Parse(string body)
    {
        var parts = body.Split('|');
        return new Seen(int.Parse(parts[0], CultureInfo.InvariantCulture), parts[1], parts[2], parts[3], parts[4]);
    }
}
