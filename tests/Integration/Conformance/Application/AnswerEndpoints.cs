using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;

namespace StickySessions.Tests.Integration.Conformance.Application;

/// <summary>Endpoints that answer at once, each in one odd way.</summary>
internal static class AnswerEndpoints
{
    public static void MapAnswers(this WebApplication app)
    {
        app.Map("/echo/{**rest}", ReadBodyAsync);
        app.Map("/unread", (HttpContext context) => context.Response.WriteAsync("did not look at the body"));
        app.Map("/reject", () => Results.StatusCode(StatusCodes.Status403Forbidden));
        app.Map("/limited", ReadBodyAsync).WithMetadata(new RequestSizeLimitAttribute(1000));
        app.Map("/status/{code:int}", (int code) => Results.StatusCode(code));
        app.Map("/throws", IResult () => throw new InvalidOperationException("the application's own failure"));
        app.Map("/fixed/{bytes:long}", WithContentLengthAsync);
        app.Map("/not-modified", WithoutContentAsync);
        app.Map("/upgrade-required", UpgradeRequired);
        app.Map("/reason", (HttpContext context) =>
            context.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = "In Its Own Words");
        app.Map("/headers", AnswerWithHeaders);
        app.Map("/latin1", (HttpResponse response) => { response.Headers[Pipelines.Latin1Header] = "Grüße ÿ"; });
        app.Map("/many-headers", AnswerWithManyHeaders);
    }

    private static async Task ReadBodyAsync(HttpContext context)
    {
        var (length, hash) = await Content.ReadAsync(context.Request.Body, context.RequestAborted);
        RecordedRequest.Of(context).RecordBody(context.Request, length, hash);
        await context.Response.WriteAsync($"got {length} bytes", context.RequestAborted);
    }

    private static async Task WithContentLengthAsync(HttpContext context, long bytes)
    {
        context.Response.ContentLength = bytes;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(new byte[bytes], context.RequestAborted);
        }
    }

    private static void WithoutContentAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status304NotModified;
        context.Response.Headers.ETag = "\"v1\"";
        context.Response.ContentLength = 10;
    }

    private static Task UpgradeRequired(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
        context.Response.Headers.Upgrade = "chat/2";
        context.Response.Headers.Connection = "Upgrade";
        return context.Response.WriteAsync("come back with another protocol");
    }

    private static void AnswerWithHeaders(HttpResponse response)
    {
        response.Headers.SetCookie = new(["a=1; path=/", "b=2; path=/; httponly", "a=3; path=/other"]);
        response.Headers["X-Repeated"] = new(["one", "two, three", "four"]);
        response.Headers["X-Empty"] = "";
        response.Headers["X-Utf8"] = "Grüße 日本";
        response.Headers.Connection = "X-Hop";
        response.Headers["X-Hop"] = "for the next hop only";
        response.Headers.Date = "Thu, 01 Jan 2015 00:00:00 GMT";
        response.Headers.Server = "its own name";
        response.Headers.Warning = "199 - \"quoted, with comma\"";
        response.Headers.Vary = new(["Accept", "Cookie"]);
        response.Headers.WWWAuthenticate = new(["Basic realm=\"a, b\"", "Bearer"]);
        response.Headers.ContentLanguage = "de";
    }

    /// <summary>100 KB of them: Kestrel sends what it is given, so no client's default limit on the way may bite.</summary>
    private static void AnswerWithManyHeaders(HttpResponse response)
    {
        for (var i = 0; i < 100; i++)
        {
            response.Headers[$"X-Number-{i}"] = new string('v', 1000);
        }
    }
}
