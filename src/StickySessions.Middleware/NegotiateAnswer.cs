using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;

namespace StickySessions;

/// <summary>
/// The answer to a SignalR client that begins and keeps no cookies: go on at this address, which has the session token in its query. All official clients
/// follow it, negotiate again there, and keep the query for the connection (SignalR transport protocols, <c>negotiate</c>).
/// </summary>
internal static class NegotiateAnswer
{
    private const string Suffix = "/negotiate";

    /// <summary>Whether the request is such a client's first.</summary>
    public static bool IsWanted(HttpContext context)
        => HttpMethods.IsPost(context.Request.Method)
            && context.GetEndpoint()?.Metadata.GetMetadata<NegotiateMetadata>() is not null
            && context.Request.Path.Value is { } path
            && path.EndsWith(Suffix, StringComparison.Ordinal);

    /// <summary>
    /// In place of the endpoint, and under its metadata: what the application has for all requests or for this hub, as CORS and authorization, takes part.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="addressOf">Makes the address from the path that the client was given, without what it has appended.</param>
    public static void Choose(HttpContext context, Func<string, string> addressOf)
    {
        var negotiate = context.GetEndpoint()!;
        context.SetEndpoint(new Endpoint(
            asked => WriteAsync(asked, addressOf(asked.Request.Path.Value![..^Suffix.Length])), negotiate.Metadata, negotiate.DisplayName));
    }

    private static Task WriteAsync(HttpContext context, string address)
    {
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["url"] = address }), context.RequestAborted).AsTask();
    }
}
