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

    /// <summary>The path that the client was given, without what it has appended.</summary>
    public static string HubPath(HttpContext context) => context.Request.Path.Value![..^Suffix.Length];

    public static Task WriteAsync(HttpContext context, string address)
    {
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["url"] = address }), context.RequestAborted).AsTask();
    }
}
