using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace StickySessions.Forwarding;

/// <summary>Sets the features of a request that came over the interconnect to what the client's request was.</summary>
internal static class RequestRestoration
{
    public static void Restore(IFeatureCollection features, IHttpRequestFeature request, OriginalRequest original)
    {
        request.Scheme = original.Scheme;
        request.Protocol = original.Protocol;
        request.Headers.Host = original.ArrivedHost ?? original.Host;
        if (original.Method is { } method)
        {
            request.Method = method;
        }

        if (!original.HasContentLength)
        {
            // HTTP clients add a length of zero where the original had none.
            request.Headers.ContentLength = null;
        }

        RestoreTarget(request, original);
        RestoreConnection(features, original);
        features.Set<ITlsConnectionFeature>(original.Certificate.IsEmpty && features.Get<ITlsConnectionFeature>() is null
            ? null
            : new RestoredTlsConnection(original.Certificate));
        if (!original.HasBody && features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            features.Set<IHttpRequestBodyDetectionFeature>(NoRequestBody.Instance);
        }

        if (!HttpProtocol.IsHttp2(original.Protocol) && !HttpProtocol.IsHttp3(original.Protocol))
        {
            PresentAsHttp1(features, request, original);
        }
        else if (original.Method is "CONNECT" && features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            PresentAsHttp2(features, request, upgrade);
        }
    }

    public static void RestoreConnection(IFeatureCollection features, OriginalRequest original)
    {
        var connection = features.Get<IHttpConnectionFeature>();
        if (connection is null)
        {
            features.Set<IHttpConnectionFeature>(connection = new HttpConnectionFeature { ConnectionId = "" });
        }

        connection.RemoteIpAddress = original.RemoteAddress;
        connection.RemotePort = original.RemotePort;
        connection.LocalIpAddress = original.LocalAddress;
        connection.LocalPort = original.LocalPort;
    }

    private static void RestoreTarget(IHttpRequestFeature request, OriginalRequest original)
    {
        if (original.RawTarget is not { } target)
        {
            return;
        }

        request.RawTarget = target;
        if (target.StartsWith('/') && original.Rewritten is { } path)
        {
            (request.Path, request.QueryString) = (path.PathBase + path.Path, path.Query);
        }
        else if (Uri.TryCreate(target, UriKind.Absolute, out var uri))
        {
            (request.Path, request.QueryString) = (uri.LocalPath, uri.Query);
        }
        else
        {
            (request.Path, request.QueryString) = ("", "");
        }
    }

    /// <summary>What only HTTP/2 offers is taken away, and a WebSocket is asked for as HTTP/1.1 does.</summary>
    private static void PresentAsHttp1(IFeatureCollection features, IHttpRequestFeature request, OriginalRequest original)
    {
        features.Set<IHttpResponseTrailersFeature>(null);
        features.Set<IHttpResetFeature>(null);
        if (original.Upgrade is { } upgrade && features.Get<IHttpExtendedConnectFeature>() is { } connect)
        {
            request.Headers.Connection = upgrade.Connection;
            request.Headers.Upgrade = upgrade.Upgrade;
            request.Headers.SecWebSocketKey = upgrade.Key;
            var asUpgrade = new UpgradeOverExtendedConnect(connect, features.GetRequiredFeature<IHttpResponseFeature>());
            features.Set<IHttpUpgradeFeature>(asUpgrade);
            features.Set<IHttpResponseFeature>(asUpgrade);
            features.Set<IHttpExtendedConnectFeature>(null);
            request.Body = Stream.Null;
        }
    }

    /// <summary>What only HTTP/1.1 has is taken away, and a WebSocket is asked for as HTTP/2 does.</summary>
    private static void PresentAsHttp2(IFeatureCollection features, IHttpRequestFeature request, IHttpUpgradeFeature upgrade)
    {
        features.Set<IHttpExtendedConnectFeature>(new ExtendedConnectOverUpgrade(
            upgrade, features.GetRequiredFeature<IHttpResponseFeature>(), request.Headers.Upgrade, request.Headers.SecWebSocketKey));
        features.Set<IHttpUpgradeFeature>(null);
        request.Headers.Remove(HeaderNames.Connection);
        request.Headers.Remove(HeaderNames.Upgrade);
        request.Headers.Remove(HeaderNames.SecWebSocketKey);
        request.Body = Stream.Null;
    }
}

internal sealed class NoRequestBody : IHttpRequestBodyDetectionFeature
{
    public static NoRequestBody Instance { get; } = new();

    public bool CanHaveBody => false;
}
