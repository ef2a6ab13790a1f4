using Microsoft.Extensions.Primitives;

namespace StickySessions.Ownership;

/// <summary>Server-sent events (HTML standard, 9.2).</summary>
internal static class EventStream
{
    private const string MediaType = "text/event-stream";

    public static bool IsNamedBy(StringValues contentType)
        => contentType is [{ } type] && type.StartsWith(MediaType, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the client would take it, perhaps among others.</summary>
    public static bool IsAcceptedBy(StringValues accept)
    {
        foreach (var value in accept)
        {
            if (value?.Contains(MediaType, StringComparison.OrdinalIgnoreCase) == true)
            {
                return true;
            }
        }

        return false;
    }
}
