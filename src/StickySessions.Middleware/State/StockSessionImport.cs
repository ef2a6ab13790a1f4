using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Diagnostics;
using StickySessions.Ownership;
using StickySessions.Policies;

namespace StickySessions.State;

/// <summary>
/// Users who were logged in before the application had sticky sessions stay so: what ASP.NET Core's session has of them is read from the distributed cache before
/// the application runs in a session that is still empty. Its cookie goes once the client has shown a token of the sticky session: of several first requests at
/// a time each begins one, and the client keeps the last. So the entry stays in the cache until it expires there, unless the session has ended.
/// </summary>
internal sealed partial class StockSessionImport(
    SessionStates states,
    IDistributedCache cache,
    IDataProtectionProvider protection,
    IOptions<SessionOptions> stock,
    TimeProvider time,
    ILogger<StockSessionImport> logger)
{
    private readonly IDataProtector _protector = protection.CreateProtector(nameof(SessionMiddleware));

    private string CookieName => stock.Value.Cookie.Name ?? SessionDefaults.CookieName;

    public bool IsNeeded(HttpContext context) => context.Request.Headers.Cookie.Count > 0 && context.Request.Cookies.ContainsKey(CookieName);

    /// <param name="request">The request's session.</param>
    /// <param name="isNew">Whether the client has no token of the sticky session yet.</param>
    /// <param name="next">The application.</param>
    public RequestDelegate Before(IRequestInSession request, bool isNew, RequestDelegate next) => async context =>
    {
        var key = KeyOf(context.Request.Cookies[CookieName]);
        if (key is not null && states.Of(request.Session).Version == 0)
        {
            await ImportAsync(context, request.Session, key);
        }

        if (!context.Response.HasStarted)
        {
            context.Response.OnStarting(
                () => isNew && !request.Session.IsEnded ? Task.CompletedTask : ForgetAsync(context, request.Session.IsEnded ? key : null));
        }

        await next(context);
    };

    private async Task ImportAsync(HttpContext context, HeldSession session, string key)
    {
        try
        {
            using var timeout = new CancellationTokenSource(stock.Value.IOTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, context.RequestAborted);
            if (await cache.GetAsync(key, either.Token) is { } stored && states.Of(session).TryBegin(StockSnapshot.Read(stored)))
            {
                states.Changed(session);
                Imported(logger, session.Id.ToString());
            }
        }
        catch (Exception failed)
        {
            NotImported(logger, session.Id.ToString(), failed);
        }
    }

    private async Task ForgetAsync(HttpContext context, string? key)
    {
        if (CacheabilityRule.TryMakePrivate(context.Response.Headers, time.GetUtcNow()))
        {
            context.Response.Cookies.Delete(CookieName, stock.Value.Cookie.Build(context));
        }

        try
        {
            if (key is not null)
            {
                using var timeout = new CancellationTokenSource(stock.Value.IOTimeout, time);
                await cache.RemoveAsync(key, timeout.Token);
            }
        }
        catch (Exception failed)
        {
            NotRemoved(logger, failed);
        }
    }

    /// <summary>As the stock session's middleware reads it: base64 without its padding.</summary>
    private string? KeyOf(string? cookie)
    {
        try
        {
            return string.IsNullOrEmpty(cookie)
                ? null
                : Encoding.UTF8.GetString(_protector.Unprotect(Convert.FromBase64String(cookie + new string('=', (4 - (cookie.Length % 4)) % 4))));
        }
        catch (Exception foreign) when (foreign is FormatException or CryptographicException)
        {
            return null;
        }
    }

    [LoggerMessage(StickyEventIds.State + 70, LogLevel.Debug, "Session {Session} goes on with what ASP.NET Core's session had.")]
    private static partial void Imported(ILogger logger, string session);

    [LoggerMessage(StickyEventIds.State + 71, LogLevel.Error, "What ASP.NET Core's session had could not be read; session {Session} goes on without it.")]
    private static partial void NotImported(ILogger logger, string session, Exception exception);

    [LoggerMessage(StickyEventIds.State + 72, LogLevel.Warning, "What ASP.NET Core's session had could not be removed from the distributed cache; it expires there.")]
    private static partial void NotRemoved(ILogger logger, Exception exception);
}
