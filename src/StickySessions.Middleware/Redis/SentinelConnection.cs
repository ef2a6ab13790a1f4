using StackExchange.Redis;

namespace StickySessions.Redis;

/// <summary>Connects to the master that the Sentinels name, and follows them when they name another.</summary>
internal static class SentinelConnection
{
    /// <summary>
    /// In two steps, as <see cref="ConnectionMultiplexer.ConnectAsync(ConfigurationOptions, TextWriter?)"/> does it, but here nothing is
    /// left over from an attempt that failed: while all Sentinels are away there are many.
    /// </summary>
    /// <param name="settings">How to connect, with the name of the service.</param>
    /// <param name="keepUntilTheEnd">Takes the connection to the Sentinels, which the other one needs as long as it lives.</param>
    public static async Task<IConnectionMultiplexer> ConnectAsync(ConfigurationOptions settings, Action<IAsyncDisposable> keepUntilTheEnd)
    {
        var ofSentinel = settings.Clone();
        ofSentinel.User = settings.SentinelUser;
        ofSentinel.Password = settings.SentinelPassword;
        var sentinel = await ConnectionMultiplexer.SentinelConnectAsync(ofSentinel);
        try
        {
            var master = sentinel.GetSentinelMasterConnection(settings);
            keepUntilTheEnd(sentinel);
            return master;
        }
        catch
        {
            await sentinel.DisposeAsync();
            throw;
        }
    }
}
