using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using StickySessions.Diagnostics;
using StickySessions.Tokens;

namespace StickySessions.Forwarding;

/// <summary>Decides what may come in from other nodes.</summary>
internal sealed partial class EnvelopeGate(
    IClusterKeys keys, HiddenHeaders hiddenHeaders, TimeProvider time, ForwardingMetrics metrics, ILogger<EnvelopeGate> logger)
{
    /// <summary>A stranger can send many requests, but not fill the log.</summary>
    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private long _lastLogged; // guarded by _lock
    private long _unlogged; // guarded by _lock

    public bool TryOpen(IHttpRequestFeature request, EnvelopeKind kind, out OpenedEnvelope opened)
    {
        opened = default;
        return request.Headers.TryGetValue(StickyHeaders.Envelope, out var text)
            && text.Count == 1
            && TryGetKeys() is { } ring
            && SignedEnvelope.TryOpen(text[0], kind, ring, time.GetUtcNow(), request.Method, OriginalRequestReader.TargetOf(request), out opened);
    }

    public ForwardedRequest? Restore(IFeatureCollection features, in OpenedEnvelope opened)
    {
        if (ForwardedRequest.TryRestore(features, opened, hiddenHeaders) is not { } forwarded)
        {
            return null;
        }

        if (features.Get<IHttpResponseFeature>() is { } response)
        {
            // Registered first, so they run last, and the last of them first: after the application has decided.
            if (HttpProtocol.IsHttp11(forwarded.Original.Protocol))
            {
                response.OnStarting(KeepUpgradeHeader, response);
            }

            response.OnStarting(RemoveUnsignedWords, response);
        }

        return forwarded;
    }

    public ShortAnswer Refuse(IFeatureCollection features)
    {
        metrics.Refused();
        if (TryCountUnlogged(out var count))
        {
            LogRefused(logger, count, features.Get<IHttpConnectionFeature>()?.RemoteIpAddress?.ToString());
        }

        return new ShortAnswer(features, StatusCodes.Status401Unauthorized, StickyHeaders.Refused, "envelope");
    }

    /// <summary>What only nodes may say and nobody signs, an application must not be able to say.</summary>
    private static Task RemoveUnsignedWords(object state)
    {
        var response = (IHttpResponseFeature)state;
        if (response.HasStarted)
        {
            // The fence has answered in place of the application, and its headers have been sent.
            return Task.CompletedTask;
        }

        var headers = response.Headers;
        headers.Remove(StickyHeaders.Refused);
        headers.Remove(StickyHeaders.Status);
        headers.Remove(StickyHeaders.Upgrade);
        return Task.CompletedTask;
    }

    /// <summary>HTTP/2 cannot carry <c>Upgrade</c>, which a 426 needs.</summary>
    private static Task KeepUpgradeHeader(object state)
    {
        var headers = ((IHttpResponseFeature)state).Headers;
        if (headers.Upgrade is { Count: > 0 } upgrade)
        {
            headers[StickyHeaders.Upgrade] = upgrade;
            headers.Remove("Upgrade");
            headers.Remove("Connection");
        }

        return Task.CompletedTask;
    }

    private KeyRing? TryGetKeys()
    {
        try
        {
            return keys.Current;
        }
        catch (InvalidOperationException)
        {
            // Not joined yet: nobody can have forwarded anything here that this node could verify.
            return null;
        }
    }

    private bool TryCountUnlogged(out long count)
    {
        lock (_lock)
        {
            count = ++_unlogged;
            if (_lastLogged != 0 && time.GetElapsedTime(_lastLogged) < LogInterval)
            {
                return false;
            }

            _lastLogged = time.GetTimestamp();
            _unlogged = 0;
            return true;
        }
    }

    [LoggerMessage(StickyEventIds.Forwarding + 20, LogLevel.Warning, "Refused {Count} requests on the interconnect without a valid envelope, the last from {Remote}. If it is a node: it needs the same Keys:Secret and a clock within five minutes of this one's")]
    private static partial void LogRefused(ILogger logger, long count, string? remote);
}
