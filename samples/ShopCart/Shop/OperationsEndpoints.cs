using System.Net;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;

namespace ShopCart.Shop;

/// <summary>For balancers and whoever runs the nodes: they mean this node, so none of them is sticky.</summary>
internal static class OperationsEndpoints
{
    public static void MapOperations(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHealthChecks("/healthz/live", new HealthCheckOptions { Predicate = _ => false }).DisableStickySession();
        endpoints.MapHealthChecks("/healthz/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") })
            .DisableStickySession();
        endpoints.MapPost("/admin/drain", Drain).AddEndpointFilter<SameSiteOnly>().DisableStickySession();
    }

    // Loopback is what the connection says: a balancer on this machine makes everybody look local, so expose it to nobody else.
    private static IResult Drain(HttpContext context, IHostApplicationLifetime lifetime)
    {
        if (context.Connection.RemoteIpAddress is not { } address || !IPAddress.IsLoopback(address))
        {
            return TypedResults.Problem("Only from this machine.", statusCode: StatusCodes.Status403Forbidden);
        }

        context.Response.OnCompleted(() =>
        {
            lifetime.StopApplication();
            return Task.CompletedTask;
        });
        return TypedResults.Accepted((string?)null);
    }
}
