using StickySessions.Cluster;

namespace StickySessions.Ownership;

/// <summary>
/// Whether Redis still remembers all that it did. This node hears of a loss with its next beat, which is too late for a claim against which no
/// record stood: the record may have been there a moment ago. So it beats once more, and all claims that are made meanwhile share that beat.
/// Safe for concurrent use.
/// </summary>
internal sealed class StoreCheck
{
    /// <summary>Of very many claims: at most 50 beats more in a second.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly IClusterMembership _membership;
    private readonly StoreDoubt _doubt;
    private readonly TimeProvider _time;
    private readonly Coalesced _beats;
    private long? _last;

    public StoreCheck(IClusterMembership membership, StoreDoubt doubt, TimeProvider time)
    {
        _membership = membership;
        _doubt = doubt;
        _time = time;
        _beats = new Coalesced(BeatAsync);
    }

    /// <returns>Whether Redis has lost something lately.</returns>
    /// <exception cref="DirectoryUnavailableException">Redis does not answer any more, so nobody can say.</exception>
    public async Task<bool> HasLostWritesAsync()
    {
        var asked = _membership.Lease.Now;
        await _beats.RunAsync();
        return _membership.Lease.IsRenewedSince(asked)
            ? _doubt.IsRecent
            : throw new DirectoryUnavailableException("Redis answered a claim and then did not answer this node's beat, so it may have lost what stands against the claim.");
    }

    private async Task BeatAsync()
    {
        if (_last is { } last && Pause - _time.GetElapsedTime(last) is { Ticks: > 0 } rest)
        {
            await Task.Delay(rest, _time);
        }

        _last = _time.GetTimestamp();
        await _membership.RefreshAsync(CancellationToken.None);
    }
}
