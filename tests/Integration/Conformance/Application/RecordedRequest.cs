using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using StickySessions.Tests.Integration.Conformance.Comparing;

namespace StickySessions.Tests.Integration.Conformance.Application;

/// <summary>One request as the application saw it.</summary>
internal sealed class RecordedRequest
{
    private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _number;

    public RecordedRequest(HttpContext context, string servedBy, Fields fields, int number)
    {
        ServedBy = servedBy;
        Fields = fields;
        _number = number;
        RecordTarget(context.Request);
        RecordConnection(context);
        RecordFeatures(context.Features);
        // Of an HTTP/2 body declared empty, Kestrel says what it has by chance received of the stream's end.
        Set(FieldName.CanHaveBody, context.Request.ContentLength == 0
            ? "declared empty"
            : context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody);
        fields.AddHeaders(context.Request.Headers, number);
        fields.Remove(FieldName.Header, RequestRecorder.IdHeader.ToUpperInvariant(), number);
        context.RequestAborted.Register(() => _aborted.TrySetResult());
    }

    /// <summary>The name of the node whose application ran.</summary>
    public string ServedBy { get; }

    public Fields Fields { get; }

    /// <summary>Completes when the application's <c>RequestAborted</c> is cancelled.</summary>
    public Task Aborted => _aborted.Task;

    /// <summary>Completes when the test tells the application to go on.</summary>
    public Task GoOn => _goOn.Task;

    public void TellToGoOn() => _goOn.TrySetResult();

    public static RecordedRequest Of(HttpContext context) => context.Features.GetRequiredFeature<RecordedRequest>();

    /// <summary>For endpoints, once the body was read to its end.</summary>
    public void RecordBody(HttpRequest request, long length, byte[] hash)
    {
        Fields.SetBody(length, hash, _number);
        if (request.CheckTrailersAvailable())
        {
            foreach (var (name, values) in request.HttpContext.Features.GetRequiredFeature<IHttpRequestTrailersFeature>().Trailers)
            {
                Fields.AddTrailer(name, values, _number);
            }
        }
    }

    private void RecordTarget(HttpRequest request)
    {
        Set("method", request.Method);
        Set("scheme", request.Scheme);
        Set("host", request.Host.HasValue ? request.Host : null);
        Set("path base", request.PathBase);
        Set("path", request.Path);
        Set("query string", request.QueryString);
        Set("raw target", request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        Set("protocol", request.Protocol);
        Set("content length", request.ContentLength);
    }

    private void RecordConnection(HttpContext context)
    {
        Set("remote address", $"{context.Connection.RemoteIpAddress}:{context.Connection.RemotePort}");
        Set("local address", $"{context.Connection.LocalIpAddress}:{context.Connection.LocalPort}");
        Set("client certificate", context.Connection.ClientCertificate?.Thumbprint);
    }

    private void RecordFeatures(IFeatureCollection features)
    {
        Set("body size limit", features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize);
        Set("synchronous I/O", features.Get<IHttpBodyControlFeature>()?.AllowSynchronousIO);
        Set(FieldName.Upgradable, features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest ?? false);
        Set("extended CONNECT", features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect ? connect.Protocol : null);
        Set("WebSocket", features.Get<IHttpWebSocketFeature>()?.IsWebSocketRequest ?? false);
        Set("response trailers", features.Get<IHttpResponseTrailersFeature>() is not null);
        Set("can reset the stream", features.Get<IHttpResetFeature>() is not null);
    }

    private void Set(string kind, object? value) => Fields.Set(kind, value, _number);
}
