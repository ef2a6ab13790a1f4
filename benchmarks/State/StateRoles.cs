using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace StickySessions.Benchmarks.State;

/// <summary>What one server process of these benchmarks is. Each answers <c>/usage</c> with what it has used up.</summary>
internal static class StateRoles
{
    public const string Command = "state-server";
    public const string Stock = "stock";
    public const string Sticky = "sticky";
    public const string Held = "held";
    public const string Plain = "plain";
    public const string Rolling = "rolling";

    /// <summary>Ends the body of each answer that a load generator gets.</summary>
    public static readonly byte[] Hello = "hello"u8.ToArray();

    public static async Task RunAsync(string[] args)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, int.Parse(args[0], CultureInfo.InvariantCulture), listen => listen.Protocols = HttpProtocols.Http1));
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        var app = args[1..] switch
        {
            [Stock, var redis] => SessionServer.Stock(builder, redis),
            [Sticky, var redis] => SessionServer.Sticky(builder, redis),
            [Held, var idleSeconds] => HeldServer.Sticky(builder, TimeSpan.FromSeconds(double.Parse(idleSeconds, CultureInfo.InvariantCulture))),
            [Plain] => HeldServer.Plain(builder),
            [Rolling, var name, var interconnect, var cluster] => RollingServer.Build(builder, name, interconnect, cluster),
            _ => throw new ArgumentException($"Unknown role: {string.Join(' ', args)}"),
        };
        app.MapGet("/usage", static () => string.Create(
            CultureInfo.InvariantCulture, $"{Environment.CpuUsage.TotalTime.TotalMicroseconds} {GC.GetTotalAllocatedBytes()}")).DisableStickySession();
        _ = EndWithParentAsync();
        await app.RunAsync();
    }

    /// <summary>However that ends: it holds the other end of the standard input.</summary>
    private static async Task EndWithParentAsync()
    {
        await Task.Run(Console.In.ReadToEndAsync);
        Environment.Exit(1);
    }

    public static Task SayHelloAsync(HttpContext context)
    {
        context.Response.ContentLength = Hello.Length;
        return context.Response.Body.WriteAsync(Hello).AsTask();
    }
}
