using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using StickySessions.Diagnostics;

namespace StickySessions;

/// <summary>Starts the drain for whoever may ask for it, who can wait for its end.</summary>
internal sealed class DrainEndpoint(NodeDrain drain, IHostApplicationLifetime lifetime, Func<HttpContext, bool>? isAllowed)
{
    public async Task HandleAsync(HttpContext context)
    {
        if (!OperatorRequest.IsAllowed(context, isAllowed))
        {
            await StickyProblem.WriteAsync(
                context, StatusCodes.Status403Forbidden, StickyReasons.DrainRefused, StickyReasonDetails.Of(StickyReasons.DrainRefused));
            return;
        }

        var draining = drain.EmptyAsync();
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        if (IsAsked(context.Request, "wait"))
        {
            // Whoever does not wait any more stops nothing.
            await draining.WaitAsync(context.RequestAborted);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }

        if (IsAsked(context.Request, "stop"))
        {
            context.Response.OnCompleted(() =>
            {
                lifetime.StopApplication();
                return Task.CompletedTask;
            });
        }
    }

    private static bool IsAsked(HttpRequest request, string name) => request.Query[name] is [{ } value] && bool.TryParse(value, out var asked) && asked;
}
