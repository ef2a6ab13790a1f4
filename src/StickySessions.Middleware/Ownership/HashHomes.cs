using StickySessions.Cluster;

namespace StickySessions.Ownership;

/// <summary>The homes of sessions in the present view. Safe for concurrent use.</summary>
internal sealed class HashHomes(IClusterMembership membership)
{
    private volatile HashSlots _slots = new(membership.View);

    /// <summary>The slots of the latest view.</summary>
    public HashSlots Slots
    {
        get
        {
            var slots = _slots;
            return ReferenceEquals(slots.View, membership.View) ? slots : _slots = new HashSlots(membership.View);
        }
    }
}
