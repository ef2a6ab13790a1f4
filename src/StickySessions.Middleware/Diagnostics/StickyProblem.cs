using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace StickySessions.Diagnostics;

/// <summary>Errors as <c>application/problem+json</c> (RFC 9457), with the members <c>reason</c> and <c>node</c>.</summary>
internal static class StickyProblem
{
    public static Task WriteAsync(HttpContext context, int status, string reason, string detail, string? node = null, TimeSpan? retryAfter = null)
        => WriteAsync(context, context.Response.Body, status, reason, detail, node, retryAfter, closes: false, context.RequestAborted);

    /// <param name="context">The request.</param>
    /// <param name="to">Where its body goes, if not where the application would write it.</param>
    /// <param name="status">The status.</param>
    /// <param name="reason">One of <see cref="StickyReasons"/>.</param>
    /// <param name="detail">What it means to whoever reads the answer.</param>
    /// <param name="node">The node that it is about, if any.</param>
    /// <param name="retryAfter">When the client may try again.</param>
    /// <param name="closes">Whether it is the last answer on its connection.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    public static Task WriteAsync(
        HttpContext context, Stream to, int status, string reason, string detail, string? node, TimeSpan? retryAfter, bool closes,
        CancellationToken cancellationToken)
    {
        var response = context.Response;
        response.Clear();
        response.StatusCode = status;
        response.ContentType = "application/problem+json";
        response.Headers.CacheControl = "no-store";
        if (closes)
        {
            response.Headers.Connection = "close";
        }

        if (retryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        var body = Serialize(status, reason, detail, node);
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : to.WriteAsync(body, cancellationToken).AsTask();
    }

    private static byte[] Serialize(int status, string reason, string detail, string? node)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("type", "about:blank");
            json.WriteString("title", ReasonPhrases.GetReasonPhrase(status));
            json.WriteNumber("status", status);
            json.WriteString("detail", detail);
            json.WriteString("reason", reason);
            if (node is not null)
            {
                json.WriteString("node", node);
            }

            json.WriteEndObject();
        }

        return stream.ToArray();
    }
}
