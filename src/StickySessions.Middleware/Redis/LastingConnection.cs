using StackExchange.Redis;

namespace StickySessions.Redis;

/// <summary>
/// One connection, made when it is first asked for and kept: it comes back by itself when the server was away. Making it can fail only
/// behind Sentinel, which may be in the middle of a failover and name a master that is none. Then it is tried again in the background,
/// and whoever asks meanwhile hears at once what went wrong last. Safe for concurrent use.
/// </summary>
internal sealed class LastingConnection(Func<Task<IConnectionMultiplexer>> connectAsync) : IAsyncDisposable
{
    private readonly Lock _guard = new();
    private Task<IConnectionMultiplexer>? _attempt;
    private Task<IConnectionMultiplexer>? _failed;

    public Task<IConnectionMultiplexer> GetAsync()
    {
        lock (_guard)
        {
            if (_attempt is { IsFaulted: true })
            {
                (_failed, _attempt) = (_attempt, null);
            }

            _attempt ??= Task.Run(connectAsync);
            return _attempt.IsCompletedSuccessfully ? _attempt : _failed ?? _attempt;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_attempt is { } attempt)
        {
            await attempt.ContinueWith(static _ => { }, TaskScheduler.Default);
            if (attempt.IsCompletedSuccessfully)
            {
                await (await attempt).DisposeAsync();
            }
        }
    }
}
