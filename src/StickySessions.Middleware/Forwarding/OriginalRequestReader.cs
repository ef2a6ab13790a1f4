using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Forwarding;

/// <summary>Takes down a request as it is at the ingress node's <c>UseStickySessions</c>, and what of it goes over the wire.</summary>
internal static class OriginalRequestReader
{
    private static readonly SearchValues<char> Visible = SearchValues.Create([.. Enumerable.Range(0x21, 0x7E - 0x21 + 1).Select(code => (char)code)]);

    /// <summary>The raw target, byte for byte if a URI can carry it, else a stand-in: the real one is in the envelope.</summary>
    public static string WireTarget(HttpContext context, out string? rawTarget)
    {
        var target = TargetOf(context.Features.GetRequiredFeature<IHttpRequestFeature>());
        if (target.StartsWith('/') && !target.AsSpan().ContainsAnyExcept(Visible))
        {
            rawTarget = null;
            return target;
        }

        rawTarget = target;
        return "/";
    }

    /// <summary>The raw target; servers that are not made of bytes (TestServer) have none, and it is what a client would have sent.</summary>
    public static string TargetOf(IHttpRequestFeature request) => string.IsNullOrEmpty(request.RawTarget)
        ? UriHelper.BuildRelative(request.PathBase, request.Path, new QueryString(request.QueryString))
        : request.RawTarget;

    /// <param name="context">The request.</param>
    /// <param name="rawTarget">The raw target if it must travel in the envelope.</param>
    /// <param name="wire">The outgoing request, whose method may differ.</param>
    public static OriginalRequest Read(HttpContext context, string? rawTarget, HttpRequestMessage wire)
    {
        var request = context.Request;
        var headers = request.Headers;
        var connection = context.Connection;
        var host = headers.Host;
        return new OriginalRequest
        {
            Method = string.Equals(wire.Method.Method, request.Method, StringComparison.Ordinal) ? null : request.Method,
            Scheme = request.Scheme,
            Host = host.Count == 0 ? null : host.ToString(),
            ArrivedHost = context.Features.Get<ArrivedHost>()?.Value,
            Protocol = request.Protocol,
            RemoteAddress = connection.RemoteIpAddress,
            RemotePort = connection.RemotePort,
            LocalAddress = connection.LocalIpAddress,
            LocalPort = connection.LocalPort,
            RawTarget = rawTarget,
            Rewritten = ReadRewritten(request, rawTarget),
            Certificate = context.Features.Get<ITlsConnectionFeature>()?.ClientCertificate?.RawData,
            Upgrade = IsWebSocketOverHttp2(wire) && !HttpProtocol.IsHttp2(request.Protocol)
                ? new WebSocketUpgrade(headers.Connection, headers.Upgrade, headers.SecWebSocketKey)
                : null,
            HasBody = wire.Content is not null,
            HasContentLength = headers.ContentLength is not null,
        };
    }

    public static bool IsWebSocketOverHttp2(HttpRequestMessage wire) => wire.Headers.Protocol is not null;

    /// <summary>Whether the request is as most are: all of it that is not on the wire is the same for each of its connection and session.</summary>
    public static bool IsPlain(HttpContext context, string? rawTarget, HttpRequestMessage wire)
        => rawTarget is null
            && string.Equals(wire.Method.Method, context.Request.Method, StringComparison.Ordinal)
            && IsAsOnTheWire(context.Request)
            && !IsWebSocketOverHttp2(wire)
            && context.Features.Get<ArrivedHost>() is null
            && context.Features.Get<ITlsConnectionFeature>()?.ClientCertificate is null;

    private static RequestPath? ReadRewritten(HttpRequest request, string? rawTarget)
        => rawTarget is null && IsAsOnTheWire(request)
            ? null
            : new RequestPath(request.PathBase.Value ?? "", request.Path.Value ?? "", request.QueryString.Value ?? "");

    /// <summary>Nothing was rewritten and nothing needed decoding.</summary>
    private static bool IsAsOnTheWire(HttpRequest request)
    {
        var raw = request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.AsSpan();
        var path = request.Path.Value.AsSpan();
        var query = request.QueryString.Value.AsSpan();
        return !request.PathBase.HasValue
            && raw.Length == path.Length + query.Length
            && raw.StartsWith(path, StringComparison.Ordinal)
            && raw.EndsWith(query, StringComparison.Ordinal);
    }
}
