using System.Collections.Concurrent;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Looks for sessions that this node knows nothing of. Many requests for one session share one look; and since anybody can make up tokens, each of which
/// makes nodes ask each other, only so many looks are under way at a time. Safe for concurrent use.
/// </summary>
/// <typeparam name="T">What is found.</typeparam>
internal sealed class SharedLookups<T>(int atOnce = SharedLookups<T>.AtOnce)
{
    /// <summary>Enough that a peer which does not answer, and so costs each look its whole second, holds up no cluster.</summary>
    public const int AtOnce = 1024;

    private readonly ConcurrentDictionary<SessionId, Lazy<Task<T>>> _running = new();
    private int _count;

    /// <param name="session">The session.</param>
    /// <param name="lookAsync">Looks. Nobody's cancellation ends it.</param>
    /// <returns>Null if too many looks are under way.</returns>
    public Task<T>? TryFindAsync(SessionId session, Func<Task<T>> lookAsync)
    {
        if (_running.TryGetValue(session, out var running))
        {
            return running.Value;
        }

        if (Volatile.Read(ref _count) >= atOnce)
        {
            return null;
        }

        return _running.GetOrAdd(session, new Lazy<Task<T>>(() => RunAsync(session, lookAsync))).Value;
    }

    private async Task<T> RunAsync(SessionId session, Func<Task<T>> lookAsync)
    {
        Interlocked.Increment(ref _count);
        try
        {
            return await lookAsync();
        }
        finally
        {
            Interlocked.Decrement(ref _count);
            _running.TryRemove(session, out _);
        }
    }
}
