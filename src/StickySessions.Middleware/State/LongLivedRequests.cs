using StickySessions.Ownership;

namespace StickySessions.State;

/// <summary>Ends what would not end by itself, so that its clients connect again: to where their session lives then.</summary>
internal sealed class LongLivedRequests(TimeProvider time)
{
    /// <summary>What a client that answers needs, with time to spare.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan PauseBetweenLooks = TimeSpan.FromMilliseconds(10);

    /// <summary>Ends the WebSockets and streams of events that run in a session, which nobody should be able to enter any more.</summary>
    /// <param name="session">The session.</param>
    /// <param name="patience">After this time they are broken off.</param>
    /// <returns>How many there were.</returns>
    public Task<int> EndAsync(HeldSession session, TimeSpan patience)
        => session.Running > 0 ? EndAsync(session.Requests, patience) : Task.FromResult(0);

    public async Task<int> EndAsync(RunningRequests requests, TimeSpan patience)
    {
        var count = await requests.EndLongLivedAsync();
        if (count == 0)
        {
            return 0;
        }

        var since = time.GetTimestamp();
        while (requests.HasLongLived)
        {
            if (time.GetElapsedTime(since) >= patience)
            {
                requests.AbortLongLived();
                break;
            }

            await Task.Delay(PauseBetweenLooks, time);
        }

        return count;
    }
}
