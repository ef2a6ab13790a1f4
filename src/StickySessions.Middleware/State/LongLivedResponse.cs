using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using StickySessions.Ownership;

namespace StickySessions.State;

/// <summary>A WebSocket or a stream of events lasts for as long as its client is there.</summary>
internal static class LongLivedResponse
{
    public static bool Is(HttpContext context)
        => context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
            || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true }
            || EventStream.IsNamedBy(context.Response.Headers.ContentType);
}
