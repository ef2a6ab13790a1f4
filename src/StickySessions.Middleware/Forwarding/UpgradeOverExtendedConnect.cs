using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Forwarding;

/// <summary>
/// Presents the extended CONNECT of the interconnect as the upgrade that the HTTP/1.1 client asked for: routes that map <c>GET</c>
/// match, and an application that does not upgrade answers as it would have answered the client.
/// </summary>
internal sealed class UpgradeOverExtendedConnect : IHttpUpgradeFeature, IHttpResponseFeature
{
    /// <summary>What goes over the wire in place of a success, which would mean that the WebSocket was accepted.</summary>
    private const int NotUpgraded = StatusCodes.Status400BadRequest;

    private readonly IHttpExtendedConnectFeature _connect;
    private readonly IHttpResponseFeature _response;
    private int _status;
    private bool _isAccepted;

    public UpgradeOverExtendedConnect(IHttpExtendedConnectFeature connect, IHttpResponseFeature response)
    {
        _connect = connect;
        _response = response;
        StatusCode = response.StatusCode;
        response.OnStarting(static state => ((UpgradeOverExtendedConnect)state).KeepStatus(), this);
    }

    public bool IsUpgradableRequest => true;

    public bool IsAccepted => _isAccepted;

    /// <summary>
    /// The application's. The server never hears of a success: it allows a successful answer to CONNECT no body, not even a flush, but the answer to the client's
    /// GET may have one.
    /// </summary>
    public int StatusCode
    {
        get => _status;
        set
        {
            _response.StatusCode = IsSuccess(value) ? NotUpgraded : value;
            _status = value;
        }
    }

    public string? ReasonPhrase
    {
        get => _response.ReasonPhrase;
        set => _response.ReasonPhrase = value;
    }

    public IHeaderDictionary Headers
    {
        get => _response.Headers;
        set => _response.Headers = value;
    }

    [Obsolete("Use IHttpResponseBodyFeature.Stream instead.")]
    public Stream Body
    {
        get => _response.Body;
        set => _response.Body = value;
    }

    public bool HasStarted => _response.HasStarted;

    public void OnStarting(Func<object, Task> callback, object state) => _response.OnStarting(callback, state);

    public void OnCompleted(Func<object, Task> callback, object state) => _response.OnCompleted(callback, state);

    public async Task<Stream> UpgradeAsync()
    {
        // The ingress node makes these for its own connection again; HTTP/2 must not carry them.
        _response.Headers.Remove("Connection");
        _response.Headers.Remove("Upgrade");
        _isAccepted = true;
        _status = StatusCodes.Status101SwitchingProtocols;
        _response.StatusCode = StatusCodes.Status200OK;
        return await _connect.AcceptAsync();
    }

    private static bool IsSuccess(int status) => status is >= 200 and < 300;

    private Task KeepStatus()
    {
        if (!_isAccepted && IsSuccess(_status))
        {
            _response.Headers[StickyHeaders.Status] = _status.ToString(CultureInfo.InvariantCulture);
        }

        return Task.CompletedTask;
    }
}
