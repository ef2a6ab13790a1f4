using System.Security.Claims;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol.AspNetCore;
using StickySessions.Policies;
using StickySessions.Tests.ClientApp.Grpc;
using StickySessions.Tests.ClientApp.Mcp;

namespace StickySessions.Tests.Integration.Docs;

/// <summary>The code of docs/presets.md. Nobody runs it; that it compiles is what counts.</summary>
internal static class PresetsExamples
{
    public static void Cookie(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        builder.Services.AddSignalR();
        builder.Services.AddStickySessions().UseRedis("redis:6379");

        var app = builder.Build();
        app.UseStickySessions();
        app.UseAntiforgery();
        app.MapStaticAssets();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
        app.MapHub<ChatHub>("/chat");
        app.Run();
    }

    public static void AspNetCoreSession(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddDistributedMemoryCache();
        builder.Services.AddSession();
        builder.Services.AddStickySessions()
            .UseRedis("redis:6379")
            .ConfigurePolicy(policy => policy.Apply(StickyPreset.AspNetCoreSession));

        var app = builder.Build();
        app.UseStickySessions();
        app.UseSession();
        app.MapPost("/cart/{item}", (HttpContext context, string item) => context.Session.SetInt32(item, 1));
        app.MapGet("/cart", (HttpContext context) => context.Session.Keys);
        app.Run();
    }

    public static void AspNetSessionId(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddHttpForwarder();
        builder.Services.AddStickySessions()
            .UseRedis("redis:6379")
            .ConfigurePolicy(policy => policy.Apply(StickyPreset.AspNetSessionId));

        var app = builder.Build();
        app.UseStickySessions();
        app.MapGet("/new", () => "what has been migrated already");
        app.MapForwarder("/{**path}", "http://localhost:8080");
        app.Run();
    }

    public static void Java(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddHttpForwarder();
        builder.Services.AddStickySessions()
            .UseRedis("redis:6379")
            .ConfigurePolicy(policy => policy.Apply(StickyPreset.Java));

        var app = builder.Build();
        app.UseStickySessions();
        app.MapForwarder("/{**path}", "http://localhost:8080");
        app.Run();
    }

    public static void Php(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddHttpForwarder();
        builder.Services.AddStickySessions()
            .UseRedis("redis:6379")
            .ConfigurePolicy(policy =>
            {
                policy.Apply(StickyPreset.Php);
                policy.Cookie.HttpOnly = false; // as session.cookie_httponly
            });

        var app = builder.Build();
        app.UseStickySessions();
        app.MapForwarder("/{**path}", "http://localhost:8080");
        app.Run();
    }

    public static void AuthenticatedUser(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddDataProtection()
            .SetApplicationName("shop")
            .PersistKeysToFileSystem(new DirectoryInfo("/mnt/shared/keys"));
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
        builder.Services.AddAuthorization();
        builder.Services.AddStickySessions()
            .UseRedis("redis:6379")
            .AddPolicy("users", users => users.Apply(StickyPreset.AuthenticatedUser));

        var app = builder.Build();
        app.UseStickySessions();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapGet("/mine", (ClaimsPrincipal user) => $"the desk of {user.Identity!.Name}")
            .RequireAuthorization()
            .RequireStickySession("users");
        app.Run();
    }

    public static void Tenant(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddAuthentication().AddCookie();
        builder.Services.AddStickySessions()
            .UseRedis("redis:6379")
            .AddPolicy("tenants", tenants =>
            {
                tenants.Apply(StickyPreset.Tenant);
                tenants.IdleTimeout = TimeSpan.FromHours(8);
                tenants.LoadFactor = 1.25;
            });

        var app = builder.Build();
        app.UseStickySessions();
        app.MapGet("/{tenant}/report", (string tenant) => $"from the memory of {tenant}").RequireStickySession("tenants");
        app.Run();
    }

    public static void SignalRWithoutCookies(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddSignalR();
        builder.Services.AddCors(cors => cors.AddDefaultPolicy(any => any.AllowAnyOrigin().AllowAnyHeader().AllowAnyMethod()));
        builder.Services.AddStickySessions()
            .UseRedis("redis:6379")
            .AddPolicy("hubs", hubs => hubs.Apply(StickyPreset.SignalRWithoutCookies));

        var app = builder.Build();
        app.UseStickySessions();
        app.UseCors();
        app.MapHub<ChatHub>("/chat").RequireStickySession("hubs");
        app.Run();
    }

    public static void GrpcService(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddGrpc();
        builder.Services.AddStickySessions()
            .UseRedis("redis:6379")
            .AddPolicy("grpc", grpc => grpc.Apply(StickyPreset.Grpc));

        var app = builder.Build();
        app.UseStickySessions();
        app.MapGrpcService<TallyService>().RequireStickySession("grpc");
        app.Run();
    }

    public static async Task GrpcClientAsync()
    {
        using var channel = GrpcChannel.ForAddress("https://shop.example");
        var client = new Tally.TallyClient(channel);
        var session = new Metadata { { "session-id", Guid.NewGuid().ToString("N") } };
        await client.AddAsync(new Amount { Value = 1 }, session);
    }

    public static void Mcp(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddMcpServer()
            .WithHttpTransport(http => http.SessionMode = HttpServerSessionMode.Stateful)
            .WithTools<MemoryTools>();
        builder.Services.AddStickySessions()
            .UseRedis("redis:6379")
            .AddPolicy("mcp", mcp => mcp.Apply(StickyPreset.Mcp));

        var app = builder.Build();
        app.UseStickySessions();
        app.MapMcp("/mcp").RequireStickySession("mcp");
        app.Run();
    }

    public static void EngineIO(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddHttpForwarder();
        builder.Services.AddStickySessions()
            .UseRedis("redis:6379")
            .AddPolicy("io", io => io.Apply(StickyPreset.EngineIO));

        var app = builder.Build();
        app.UseStickySessions();
        app.MapForwarder("/socket.io/{**path}", "http://localhost:3000").RequireStickySession("io");
        app.Run();
    }

    public static void SourceAddress(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.Configure<ForwardedHeadersOptions>(headers =>
        {
            headers.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            headers.KnownIPNetworks.Add(System.Net.IPNetwork.Parse("10.0.0.0/8"));
        });
        builder.Services.AddStickySessions()
            .UseRedis("redis:6379")
            .ConfigurePolicy(policy => policy.Apply(StickyPreset.SourceAddress));

        var app = builder.Build();
        app.UseForwardedHeaders();
        app.UseStickySessions();
        app.MapGet("/", (HttpContext context) => $"you are {context.Connection.RemoteIpAddress}");
        app.Run();
    }

    private sealed class App : ComponentBase;

    private sealed class ChatHub : Hub;
}
