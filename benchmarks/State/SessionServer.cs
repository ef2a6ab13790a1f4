using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace StickySessions.Benchmarks.State;

/// <summary>
/// One application whose session is in Redis: the one that ASP.NET Core comes with, or ours. Code that uses it is the same in both.
/// </summary>
internal static class SessionServer
{
    public const int ValueLength = 1024;

    private const string Key = "data";

    public static WebApplication Stock(WebApplicationBuilder builder, string redis)
    {
        builder.Services.AddStackExchangeRedisCache(cache => cache.Configuration = redis);
        builder.Services.AddSession();
        var app = builder.Build();
        app.UseSession();
        return Map(app);
    }

    public static WebApplication Sticky(WebApplicationBuilder builder, string redis)
    {
        builder.Services.AddStickySessions().UseRedis(redis);
        builder.Services.AddStickySessionState();
        var app = builder.Build();
        app.UseStickySessions();
        return Map(app);
    }

    private static WebApplication Map(WebApplication app)
    {
        app.MapGet("/read", static async context =>
        {
            await context.Session.LoadAsync();
            if (context.Session.Get(Key) is not { Length: ValueLength })
            {
                throw new InvalidOperationException("The session has lost its state.");
            }

            await StateRoles.SayHelloAsync(context);
        });
        app.MapGet("/write", static async context =>
        {
            await context.Session.LoadAsync();
            var value = new byte[ValueLength];
            Random.Shared.NextBytes(value);
            context.Session.Set(Key, value);
            await StateRoles.SayHelloAsync(context);
        });
        return app;
    }
}
