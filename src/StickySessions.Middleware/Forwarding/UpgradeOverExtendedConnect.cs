using System.Globalization;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Forwarding;

/// <summary>
/// Presents the extended CONNECT of the interconnect as the upgrade that the HTTP/1.1 client asked for: routes that map <c>GET</c>
/// match, and an application that does not upgrade answers as it would have answered the client.
/// </summary>
internal sealed class UpgradeOverExtendedConnect : IHttpUpgradeFeature
{
    /// <summary>What goes over the wire in place of a success, which would mean that the WebSocket was accepted.</summary>
    private const int NotUpgraded = 400;

    private readonly IHttpExtendedConnectFeature _connect;
    private readonly IHttpResponseFeature _response;
    private bool _isAccepted;

    public UpgradeOverExtendedConnect(IHttpExtendedConnectFeature connect, IHttpResponseFeature response)
    {
        _connect = connect;
        _response = response;
        response.OnStarting(static state => ((UpgradeOverExtendedConnect)state).KeepStatus(), this);
    }

    public bool IsUpgradableRequest => true;

    public bool IsAccepted => _isAccepted;

    public async Task<Stream> UpgradeAsync()
    {
        // The ingress node makes these for its own connection again; HTTP/2 must not carry them.
        _response.Headers.Remove("Connection");
        _response.Headers.Remove("Upgrade");
        _isAccepted = true;
        return await _connect.AcceptAsync();
    }

    /// <summary>The server allows no body in a successful answer to CONNECT, but the answer to the client's GET may have one.</summary>
    private Task KeepStatus()
    {
        if (!_isAccepted && _response.StatusCode is >= 200 and < 300)
        {
            _response.Headers[StickyHeaders.Status] = _response.StatusCode.ToString(CultureInfo.InvariantCulture);
            _response.StatusCode = NotUpgraded;
        }

        return Task.CompletedTask;
    }
}
