namespace StickySessions.Tests.ClientApp.Blazor;

/// <summary>
/// A Blazor Server application: a page that is made twice, at prerender and in its circuit, which must meet in one process, and a form
/// that only the process can accept that made it.
/// </summary>
internal static class BlazorPart
{
    public static void AddBlazor(this WebApplicationBuilder builder)
    {
        // blazor.web.js is found by a manifest that is read in development only, unless asked for.
        builder.WebHost.UseStaticWebAssets();
        builder.Services.AddSingleton<Visits>();
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
    }

    public static void MapBlazor(this WebApplication app)
    {
        app.UseAntiforgery();
        app.MapStaticAssets();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
    }
}
