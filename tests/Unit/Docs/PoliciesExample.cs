using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Policies;

namespace StickySessions.Tests.Unit.Docs;

/// <summary>The code of docs/policies.md.</summary>
internal static class PoliciesExample
{
    public static void Program(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddSignalR();
        builder.Services.AddStickySessions()
            .ConfigurePolicy(policy => policy.IdleTimeout = TimeSpan.FromHours(1))
            .AddPolicy("chat", chat =>
            {
                chat.IdleTimeout = TimeSpan.FromMinutes(5);
                chat.Placement = PlacementStrategy.LeastLoaded;
            })
            .AddPolicy("admin", admin =>
            {
                admin.PathPrefixes.Add("/admin");
                admin.Cookie.SameSite = SameSiteMode.Strict;
                admin.OnRedisLost = RedisLostBehavior.PreferConsistency;
            });

        var app = builder.Build();
        app.UseStickySessions();
        app.MapHub<ChatHub>("/chat").RequireStickySession("chat");

        var rooms = app.MapGroup("/rooms").RequireStickySession("chat");
        rooms.MapGet("/{name}", (string name) => $"the room {name}");
        rooms.MapGet("/", () => "all rooms").DisableStickySession();

        app.MapGet("/admin/users", () => "of the policy admin, by its path");
        app.MapGet("/", () => "of the default policy");
        app.Run();
    }

    private sealed class ChatHub : Hub;
}
