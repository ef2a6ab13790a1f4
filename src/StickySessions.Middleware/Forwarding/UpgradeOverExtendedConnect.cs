using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Forwarding;

/// <summary>
/// Presents the extended CONNECT of the interconnect as the upgrade that the HTTP/1.1 client asked for: routes that map <c>GET</c>
/// match, and an application that does not upgrade answers as it would have answered the client.
/// </summary>
internal sealed class UpgradeOverExtendedConnect(IHttpExtendedConnectFeature connect, IHttpResponseFeature response) : IHttpUpgradeFeature
{
    public bool IsUpgradableRequest => true;

    public async Task<Stream> UpgradeAsync()
    {
        // The ingress node makes these for its own connection again; HTTP/2 must not carry them.
        response.Headers.Remove("Connection");
        response.Headers.Remove("Upgrade");
        response.Headers[StickyHeaders.Upgraded] = "1";
        return await connect.AcceptAsync();
    }
}
