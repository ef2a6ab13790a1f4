using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace StickySessions.Tests.Integration.Conformance.Application;

/// <summary>Endpoints whose requests or answers take their time. They wait for the test, never for a length of time.</summary>
internal static class StreamEndpoints
{
    public static void MapStreams(this WebApplication app)
    {
        app.Map("/duplex", EchoAsItComesAsync);
        app.Map("/sse", TwoEventsAsync);
        app.Map("/hang", (HttpContext context) => UntilAborted(context));
        app.Map("/hang-after-headers", async context =>
        {
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await UntilAborted(context);
        });
        app.Map("/hang-reading", ReadUntilAbortedAsync);
        app.Map("/break-off", BreakOffAsync);
        app.Map("/trailers", WithTrailersAsync);
        app.Map("/upload", UploadAsync).WithMetadata(new DisableRequestSizeLimitAttribute());
        app.Map("/download/{bytes:long}", DownloadAsync);
    }

    private static async Task EchoAsItComesAsync(HttpContext context)
    {
        await context.Response.Body.FlushAsync(context.RequestAborted);
        var buffer = new byte[1024];
        for (int read; (read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0;)
        {
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    private static async Task TwoEventsAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync("data: one\n\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        await RecordedRequest.Of(context).GoOn.WaitAsync(context.RequestAborted);
        await context.Response.WriteAsync("data: two\n\n", context.RequestAborted);
    }

    private static Task UntilAborted(HttpContext context) => RecordedRequest.Of(context).Aborted;

    private static async Task ReadUntilAbortedAsync(HttpContext context)
    {
        try
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        }
        finally
        {
            await UntilAborted(context);
        }
    }

    /// <summary>Promises more than it gives, then ends the connection or stream.</summary>
    private static async Task BreakOffAsync(HttpContext context, bool withLength)
    {
        context.Response.ContentLength = withLength ? 1000 : null;
        await context.Response.WriteAsync("the first half", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        await RecordedRequest.Of(context).GoOn.WaitAsync(context.RequestAborted);
        context.Abort();
    }

    private static async Task WithTrailersAsync(HttpContext context)
    {
        context.Response.DeclareTrailer("X-Sum");
        await context.Response.WriteAsync("a body, and then", context.RequestAborted);
        context.Response.AppendTrailer("X-Sum", "42");
        context.Response.AppendTrailer("X-Many", new(["one", "two"]));
    }

    private static async Task UploadAsync(HttpContext context)
    {
        var (length, hash) = await Content.ReadAsync(context.Request.Body, context.RequestAborted);
        RecordedRequest.Of(context).RecordBody(context.Request, length, hash);
        await context.Response.WriteAsync($"{length} {Convert.ToHexString(hash)}", context.RequestAborted);
    }

    private static async Task DownloadAsync(HttpContext context, long bytes)
    {
        context.Response.ContentLength = bytes;
        await Content.WriteAsync(context.Response.Body, bytes, context.RequestAborted);
    }
}
