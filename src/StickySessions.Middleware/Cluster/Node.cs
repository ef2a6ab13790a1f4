using System.Collections.Immutable;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>One running process of the application, as the view knows it. Immutable.</summary>
internal sealed record Node
{
    public required NodeTag Tag { get; init; }

    public required string Name { get; init; }

    public NodeState State { get; init; } = NodeState.Starting;

    /// <summary>Where other nodes reach it: its interconnect, or its public address if it runs without one.</summary>
    public required Uri Address { get; init; }

    /// <summary>Whether <see cref="Address"/> is an interconnect (HTTP/2) and not a public address.</summary>
    public bool HasInterconnect { get; init; } = true;

    /// <summary>Where clients reach it; used only as evidence when it seems to be gone.</summary>
    public Uri? PublicAddress { get; init; }

    /// <summary>Its share of placed and orphaned sessions, relative to the others.</summary>
    public int Weight { get; init; } = 100;

    /// <summary>Tags under which this same process was in the cluster before it was expired.</summary>
    public ImmutableArray<NodeTag> FormerTags { get; init; } = [];

    /// <summary>By content: the former tags of two copies that were read are equal, though not the same array.</summary>
    public bool Equals(Node? other) => ReferenceEquals(this, other) || (other is not null
        && Tag == other.Tag
        && Name == other.Name
        && State == other.State
        && Address == other.Address
        && HasInterconnect == other.HasInterconnect
        && PublicAddress == other.PublicAddress
        && Weight == other.Weight
        && FormerTags.AsSpan().SequenceEqual(other.FormerTags.AsSpan()));

    public override int GetHashCode() => Tag.GetHashCode();
}
