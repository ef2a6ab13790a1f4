using System.Text;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Application;

/// <summary>What stands around the endpoints of the application.</summary>
public enum Pipeline
{
    /// <summary>Nothing.</summary>
    Plain,

    /// <summary>
    /// What an application behind a proxy that ends TLS has: forwarded headers, host filtering, HTTPS redirection, HSTS,
    /// compression, a path base, cookie authentication, antiforgery.
    /// </summary>
    BehindProxy,
}

internal static class Pipelines
{
    public const string Host = "shop.test";

    public const string PathBase = "/base";

    /// <summary>Kestrel's encodings are chosen by header, so that one application gets and gives both.</summary>
    public const string Latin1Header = "X-Latin1";

    public static StickyTestClusterOptions Build(Pipeline pipeline, StickyTestClusterOptions options, RequestRecorder recorder)
    {
        options = options with
        {
            ConfigureKestrel = EncodeHeaders,
            ConfigureBuilder = builder => builder.Services.AddGrpcEcho(),
            AfterSticky = app =>
            {
                recorder.Use(app, app.Services.GetRequiredService<IOptions<StickyNodeOptions>>().Value.Name);
                MapApplication(app);
            },
        };
        return pipeline is Pipeline.Plain ? options : BehindProxy(options);
    }

    private static void EncodeHeaders(KestrelServerOptions kestrel)
    {
        kestrel.RequestHeaderEncodingSelector = EncodingOf;
        kestrel.ResponseHeaderEncodingSelector = EncodingOf;

        static Encoding EncodingOf(string name)
            => name.Equals(Latin1Header, StringComparison.OrdinalIgnoreCase) ? Encoding.Latin1 : Encoding.UTF8;
    }

    private static void MapApplication(WebApplication app)
    {
        app.UseWebSockets();
        app.MapAnswers();
        app.MapStreams();
        app.MapWebSockets();
        app.MapGrpcEcho();
    }

    private static StickyTestClusterOptions BehindProxy(StickyTestClusterOptions options) => options with
    {
        ConfigureBuilder = builder =>
        {
            options.ConfigureBuilder(builder);
            builder.Configuration["AllowedHosts"] = Host;
            builder.Configuration["HTTPS_PORT"] = "443";
            builder.Services.Configure<ForwardedHeadersOptions>(forwarded => forwarded.ForwardedHeaders = ForwardedHeaders.All);
            builder.Services.AddResponseCompression(compression => compression.EnableForHttps = true);
            builder.Services.AddHsts(hsts => hsts.MaxAge = TimeSpan.FromDays(1));
            builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
            builder.Services.AddAuthorization();
            builder.Services.AddAntiforgery();
        },
        ConfigureKestrel = kestrel =>
        {
            options.ConfigureKestrel(kestrel);
            kestrel.AddServerHeader = false;
            kestrel.AllowSynchronousIO = true;
        },
        BeforeSticky = app =>
        {
            app.UseForwardedHeaders();
            app.UsePathBase(PathBase);
        },
        AfterSticky = app =>
        {
            options.AfterSticky(app);
            app.UseHsts();
            app.UseHttpsRedirection();
            app.UseResponseCompression();
            app.UseAuthentication();
            app.UseAuthorization();
            app.UseAntiforgery();
            app.MapAccount();
        },
    };
}
