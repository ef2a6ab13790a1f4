using StickySessions.Cluster;

namespace StickySessions.Ownership;

/// <summary>The homes of sessions in the present view, and since when they are what they are. Safe for concurrent use.</summary>
internal sealed class HashHomes : IDisposable
{
    private readonly IClusterMembership _membership;
    private readonly TimeProvider _time;
    private volatile HashSlots _slots;
    private long _changedAt;

    public HashHomes(IClusterMembership membership, TimeProvider time)
    {
        _membership = membership;
        _time = time;
        _slots = new HashSlots(membership.View);
        _changedAt = time.GetTimestamp();
        membership.ViewChanged += OnViewChanged;
    }

    /// <summary>The slots of the latest view.</summary>
    public HashSlots Slots
    {
        get
        {
            var slots = _slots;
            return ReferenceEquals(slots.View, _membership.View) ? slots : _slots = new HashSlots(_membership.View);
        }
    }

    /// <summary>
    /// Whether no node has come, gone or changed for so long that whoever is used is at home by now. Before, a session may live where its home was.
    /// </summary>
    public bool AreSettledFor(TimeSpan idleTimeout) => _time.GetElapsedTime(Volatile.Read(ref _changedAt)) >= idleTimeout;

    public void Dispose() => _membership.ViewChanged -= OnViewChanged;

    private void OnViewChanged(ClusterView view) => Volatile.Write(ref _changedAt, _time.GetTimestamp());
}
