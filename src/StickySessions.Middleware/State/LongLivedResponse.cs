using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using StickySessions.Forwarding;
using StickySessions.Ownership;

namespace StickySessions.State;

/// <summary>A WebSocket or a stream of events, which lasts as long as its client is there, mostly idle.</summary>
internal static class LongLivedResponse
{
    /// <summary>Whether the response that is about to begin, or has begun, is one. What the client asks for is not enough: the application must have agreed.</summary>
    public static bool Begins(HttpContext context)
        => context.Response.StatusCode == StatusCodes.Status101SwitchingProtocols
            || LongLivedRequest.ServersOf(context.Features.Get<IHttpUpgradeFeature>()) is UpgradeOverExtendedConnect { IsAccepted: true }
            || (context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } && context.Response.StatusCode is >= 200 and < 300)
            || EventStream.IsNamedBy(context.Response.Headers.ContentType);
}
