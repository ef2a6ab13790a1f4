using System.Collections.Frozen;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace StickySessions.Forwarding;

/// <summary>
/// The headers that <c>UseForwardedHeaders</c> acts upon. The ingress node's has done so already; if the owner's saw what is left of
/// them, it would take one more hop off and let the client choose its own address.
/// </summary>
internal sealed class HiddenHeaders(IOptions<ForwardedHeadersOptions> options)
{
    private readonly FrozenSet<string> _names = FrozenSet.ToFrozenSet(
        [
            "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix",
            "X-Original-For", "X-Original-Host", "X-Original-Proto", "X-Original-Prefix",
            options.Value.ForwardedForHeaderName, options.Value.ForwardedHostHeaderName, options.Value.ForwardedProtoHeaderName,
            options.Value.ForwardedPrefixHeaderName, options.Value.OriginalForHeaderName, options.Value.OriginalHostHeaderName,
            options.Value.OriginalProtoHeaderName, options.Value.OriginalPrefixHeaderName,
        ],
        StringComparer.OrdinalIgnoreCase);

    public void TakeFrom(IHeaderDictionary headers, ref List<KeyValuePair<string, StringValues>>? taken)
    {
        // There are more names than a request has headers.
        foreach (var header in headers)
        {
            if (_names.Contains(header.Key))
            {
                (taken ??= []).Add(header);
            }
        }

        if (taken is not null)
        {
            foreach (var (name, _) in taken)
            {
                headers.Remove(name);
            }
        }
    }
}
