using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Forwarding;

/// <summary>
/// Presents the upgrade by which a WebSocket crosses HTTP/1.1 (nodes without an interconnect) as the extended CONNECT that the HTTP/2
/// client asked for.
/// </summary>
internal sealed class ExtendedConnectOverUpgrade(
    IHttpUpgradeFeature upgrade, IHttpResponseFeature response, string? protocol, string? key) : IHttpExtendedConnectFeature
{
    /// <summary>RFC 6455 section 1.3.</summary>
    private const string AcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    public bool IsExtendedConnect => true;

    public string? Protocol => protocol;

    public async ValueTask<Stream> AcceptAsync()
    {
        // The application need not: HTTP/2 has no handshake of its own. The ingress node takes it away again.
        response.StatusCode = StatusCodes.Status101SwitchingProtocols;
        response.Headers.Connection = "Upgrade";
        response.Headers.Upgrade = protocol;
        response.Headers.SecWebSocketAccept = AcceptOf(key);
        return await upgrade.UpgradeAsync();
    }

#pragma warning disable CA5350 // The WebSocket handshake wants SHA-1; nothing is kept secret by it.
    private static string AcceptOf(string? key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + AcceptSuffix)));
#pragma warning restore CA5350
}
