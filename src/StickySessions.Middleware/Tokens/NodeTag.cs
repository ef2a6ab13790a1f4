using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace StickySessions.Tokens;

/// <summary>
/// Names one start of one process: the view's join sequence number, then random bits. A restarted process has another tag,
/// and a tag with a higher sequence than a view knows is newer than that view, not gone.
/// </summary>
internal readonly record struct NodeTag(uint Sequence, uint Random)
{
    public const int ByteLength = 8;

    public static bool TryParse([NotNullWhen(true)] string? text, out NodeTag tag)
    {
        tag = default;
        if (text is null || text.IndexOf('-', StringComparison.Ordinal) is not (> 0 and var dash))
        {
            return false;
        }

        if (!uint.TryParse(text.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var sequence)
            || !uint.TryParse(text.AsSpan(dash + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var random))
        {
            return false;
        }

        tag = new NodeTag(sequence, random);
        return true;
    }

    /// <summary>As in logs and in Redis: <c>6712ab04-9f3c21d7</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Sequence:x}-{Random:x8}");
}
