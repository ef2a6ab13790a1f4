using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace StickySessions.Cluster;

/// <summary>What a node says of its load, as compact text beside its beat: it changes all the time and is no part of the view.</summary>
/// <param name="Sessions">Sessions held.</param>
/// <param name="Running">Requests of sessions that run in its application.</param>
/// <param name="Share">Which part of its weight in new sessions it takes now, in percent: less than 100 while it starts slowly, 0 while it is full.</param>
internal readonly record struct NodeLoad(int Sessions, int Running, int Share)
{
    /// <summary>A request that runs is a client that is there now, so it adds to the session it belongs to.</summary>
    public long Total => (long)Sessions + Running;

    public static bool TryParse([NotNullWhen(true)] string? text, out NodeLoad load)
    {
        load = default;
        Span<Range> parts = stackalloc Range[4];
        var from = text.AsSpan();
        if (from.Split(parts, ' ') != 3
            || !TryParseCount(from[parts[0]], out var sessions)
            || !TryParseCount(from[parts[1]], out var running)
            || !TryParseCount(from[parts[2]], out var share))
        {
            return false;
        }

        load = new NodeLoad(sessions, running, Math.Min(share, 100));
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Sessions} {Running} {Share}");

    private static bool TryParseCount(ReadOnlySpan<char> text, out int count)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count);
}

/// <summary>This node's own figures, from the floor above.</summary>
internal interface INodeLoadSource
{
    NodeLoad Current { get; }

    /// <summary>Whether the others' figures are of any use to this node; otherwise they are not asked for.</summary>
    bool AreOthersWanted { get; }
}
