using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;

namespace ShopCart.Shop;

/// <summary>One node of the shop: an ordinary ASP.NET Core application.</summary>
internal static class ShopNode
{
    /// <param name="configuration">What the command line says; it wins over files and the environment.</param>
    /// <param name="configure">Last changes, for instance a test's server.</param>
    public static WebApplication Build(
        IEnumerable<KeyValuePair<string, string?>> configuration, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(configuration);
        var settings = ShopSettings.Complete(builder.Configuration);

        builder.Logging.AddSimpleConsole(options => options.SingleLine = true);

        // A node that drains is not ready on purpose; the balancer asks four times a second and each answer would be an error in the log.
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        if (settings.StopWhenInputEnds)
        {
            // Before AddShop: AddStickySessions puts its drain around the lifetime that is registered by then.
            builder.Services.AddSingleton<IHostLifetime, ClusterChildLifetime>();
        }

        AddShop(builder.Services, settings);
        configure?.Invoke(builder);

        var app = builder.Build();
        UseShop(app, settings);
        return app;
    }

    private static void AddShop(IServiceCollection services, ShopSettings settings)
    {
        services.AddSingleton(settings.Names);
        services.AddProblemDetails();
        var checks = services.AddHealthChecks();
        if (settings.Sticky)
        {
            services.AddStickySessions();
            services.AddStickySessionState(state => state.Add("cart", ShopJson.Default.Cart));
            services.AddSingleton<ICarts, StickyCarts>();
            checks.AddStickySessions();
        }
        else
        {
            AddOrdinarySessions(services);
            services.AddSingleton<ICarts, OrdinaryCarts>();
        }
    }

    private static void AddOrdinarySessions(IServiceCollection services)
    {
        services.AddDataProtection().SetApplicationName("ShopCart");
        services.Configure<KeyManagementOptions>(options => options.XmlRepository = new KeysOfThisNode());
        services.AddDistributedMemoryCache();
        services.AddSession(options =>
        {
            options.Cookie.Name = OrdinaryCarts.CookieName;
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.Cookie.IsEssential = true;
        });
    }

    private static void UseShop(WebApplication app, ShopSettings settings)
    {
        if (settings.NewConnectionPerClick)
        {
            app.UseNewConnectionPerClick();
        }

        if (settings.Sticky)
        {
            app.UseStickySessions();
        }

        app.UseExceptionHandler();
        app.UseStatusCodePages();
        if (!settings.Sticky)
        {
            app.UseSession();
        }

        app.MapShopPage();
        app.MapCartApi();
        app.MapOperations();
    }
}
