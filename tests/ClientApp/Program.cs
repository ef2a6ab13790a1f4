using Microsoft.AspNetCore.DataProtection;
using StickySessions.Tests.ClientApp.Blazor;
using StickySessions.Tests.ClientApp.EngineIo;
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

        // As on machines of their own, unless asked for: what one node has encrypted no other can read.
        var keys = builder.Services.AddDataProtection();
        _ = builder.Configuration["keys"] is { } folder ? keys.PersistKeysToFileSystem(new DirectoryInfo(folder)) : keys.UseEphemeralDataProtectionProvider();
        builder.Services.AddHealthChecks();
        if (isSticky)
        {
            builder.Services.AddStickySessions();
            builder.Services.AddStickySessionState();
            builder.Services.AddHealthChecks().AddStickySessions();
        }

        builder.Services.AddSingleton<Visitors>();
        builder.Services.AddChat();
        builder.AddBlazor();
        builder.AddTally();
        builder.AddMcp();

        var app = builder.Build();
        app.UseNewConnectionPerClick();
        if (isSticky)
        {
            app.UseStickySessions();
            app.MapStickySessionsDrain("/drain");
            app.MapGet("/remember", (HttpContext context) => context.Session.SetString("known", "yes"));
        }

        app.UseWebSockets();
        app.MapHealthChecks("/healthz/ready");
        app.MapCounter();
        app.MapChat();
        app.MapEngineIo();
        app.MapBlazor();
        app.MapTally();
        app.MapMemory();
        await app.RunAsync();
    }
}
