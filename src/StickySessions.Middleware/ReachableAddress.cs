namespace StickySessions;

/// <summary>Turns what a server listens on into an address that other nodes can try.</summary>
internal static class ReachableAddress
{
    /// <param name="listening">The server's addresses, for instance <c>http://[::]:8080</c>; null or empty for a test server.</param>
    /// <param name="host">The host under which other nodes reach this node, used in place of a wildcard.</param>
    /// <returns>The first address that other nodes could use, or null if there is none.</returns>
    public static Uri? Of(IEnumerable<string>? listening, string? host)
    {
        foreach (var address in listening ?? [])
        {
            // Wildcards are no hosts, and Uri accepts neither * nor +.
            var concrete = address.Replace("://*", "://[::]", StringComparison.Ordinal).Replace("://+", "://[::]", StringComparison.Ordinal);
            if (!Uri.TryCreate(concrete, UriKind.Absolute, out var uri) || uri.Port <= 0)
            {
                continue;
            }

            var isAnyAddress = uri.Host is "[::]" or "0.0.0.0";
            if (isAnyAddress && host is not null)
            {
                return new UriBuilder(uri.Scheme, host, uri.Port).Uri;
            }

            // Seen from another machine, loopback is that machine.
            if (!isAnyAddress && (!uri.IsLoopback || IsLoopback(host)))
            {
                return uri;
            }
        }

        return null;
    }

    private static bool IsLoopback(string? host)
        => host is not null && new UriBuilder(Uri.UriSchemeHttp, host).Uri.IsLoopback;
}
