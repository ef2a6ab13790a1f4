using System.Collections.Concurrent;
using Microsoft.AspNetCore.DataProtection;
using StickySessions.Tests.ClientApp.Blazor;
using StickySessions.Tests.ClientApp.Grpc;
using StickySessions.Tests.ClientApp.Mcp;

namespace StickySessions.Tests.ClientApp;

/// <summary>
/// The application that real clients use in tests: each of its parts keeps what it knows of a client in this process and nowhere else. With
/// <c>--sticky off</c> it is the same application without StickySessions, which more than one node breaks.
/// </summary>
internal static class Program
{
    public static async Task Main(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        var isSticky = builder.Configuration["sticky"] != "off";

        // As on machines of their own: what one node has encrypted no other can read.
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddHealthChecks();
        builder.AddBlazor();
        builder.AddTally();
        builder.AddMcp();
        if (isSticky)
        {
            builder.Services.AddStickySessions();
            builder.Services.AddHealthChecks().AddStickySessions();
        }

        var app = builder.Build();
        app.UseNewConnectionPerClick();
        if (isSticky)
        {
            app.UseStickySessions();
        }

        app.MapHealthChecks("/healthz/ready");
        MapCounter(app);
        app.MapBlazor();
        app.MapTally();
        app.MapMemory();
        await app.RunAsync();
    }

    /// <summary>The least that needs stickiness: a number in memory for each visitor who keeps a cookie.</summary>
    private static void MapCounter(WebApplication app)
    {
        var counts = new ConcurrentDictionary<string, int>();
        app.MapMethods("/count", [HttpMethods.Get, HttpMethods.Post], (HttpContext context) =>
        {
            if (context.Request.Cookies["visitor"] is not { } visitor)
            {
                visitor = Guid.NewGuid().ToString("N");
                context.Response.Cookies.Append("visitor", visitor);
            }

            context.Response.Headers.CacheControl = "no-store";
            return counts.AddOrUpdate(visitor, 1, static (_, count) => count + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
        });
    }
}
