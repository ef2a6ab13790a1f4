using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Forwarding;

/// <summary>The target of a request as it arrived.</summary>
internal static class RequestTarget
{
    /// <summary>Byte for byte where the server keeps it; the test server does not, so it is put together again.</summary>
    public static string Of(IHttpRequestFeature request) => request.RawTarget is { Length: > 0 } raw
        ? raw
        : UriHelper.BuildRelative(new PathString(request.PathBase), new PathString(request.Path), new QueryString(request.QueryString));
}
