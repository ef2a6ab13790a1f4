using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Startup;

namespace StickySessions.Tests.Integration.Middleware;

/// <summary>The middleware among others that do odd things: run the pipeline again, begin the response early, go away.</summary>
public sealed class PipelineTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ErrorPage_OfANewSession_RunsInThatSession()
    {
        await using var node = await LoneNode.StartAsync(app =>
        {
            app.UseExceptionHandler("/error");
            app.UseStickySessions();
            app.MapGet("/boom", IResult (HttpContext context) => throw new InvalidOperationException("boom"));
            app.Map("/error", (HttpContext context) => context.Features.Get<IStickySessionFeature>()!.SessionId);
        });

        using var answer = await node.GetAsync("/boom");

        Assert.Equal(Assert.Single(node.Held).Id.ToString(), await answer.Content.ReadAsStringAsync(Cancellation));
        Assert.Single(answer.Headers.GetValues("Set-Cookie"));
    }

    [Fact]
    public async Task ResponseThatBeganBefore_LeavesItsSessionAgain()
    {
        await using var node = await LoneNode.StartAsync(app =>
        {
            app.Use(async (context, next) =>
            {
                if (context.Request.Query.ContainsKey("early"))
                {
                    await context.Response.StartAsync(Cancellation);
                }

                await next(context);
            });
            app.UseStickySessions();
            app.MapGet("/", (HttpContext context) => context.Response.WriteAsync("ok"));
        });
        using var first = await node.GetAsync("/");

        using var second = await node.GetAsync("/?early", LoneNode.CookieOf(first));

        Assert.Equal("ok", await second.Content.ReadAsStringAsync(Cancellation));
        var held = Assert.Single(node.Held);
        await Eventually.Async(() => held.Running == 0, "the session is left");
    }

    [Fact]
    public async Task StreamOfANewSession_ThatItsClientAborts_EndsAsTheApplicationEndsIt()
    {
        var thrown = new TaskCompletionSource<Exception?>();
        await using var node = await LoneNode.StartAsync(app =>
        {
            app.Use(async (context, next) =>
            {
                try
                {
                    await next(context);
                    thrown.TrySetResult(null);
                }
                catch (Exception exception)
                {
                    thrown.TrySetResult(exception);
                }
            });
            app.UseStickySessions();
            app.MapGet("/events", async (HttpContext context) =>
            {
                await context.Response.WriteAsync("data", context.RequestAborted);
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            });
        });

        (await node.GetAsync("/events")).Dispose();

        Assert.IsAssignableFrom<OperationCanceledException>(await thrown.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
        await Eventually.Async(() => node.Held.Single().Running == 0, "the session is left");
    }

    [Fact]
    public async Task Gauges_SayWhatTheNodeHoldsAndSees()
    {
        await using var node = await LoneNode.StartAsync(app =>
        {
            app.UseStickySessions();
            app.MapGet("/", () => "ok");
        });
        using var counted = new CountedMetrics(node.Services);
        using var one = await node.GetAsync("/");
        using var other = await node.GetAsync("/");

        Assert.Equal(2, counted.Observe("stickysessions.sessions.held"));
        Assert.Equal(1, counted.Observe("stickysessions.nodes"));
    }
}
