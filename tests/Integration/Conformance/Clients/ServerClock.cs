using System.Globalization;

namespace StickySessions.Tests.Integration.Conformance.Clients;

/// <summary>The server's clock goes on between two exchanges.</summary>
internal static class ServerClock
{
    public static bool IsNow(string header, string value)
        => header.Equals("Date", StringComparison.OrdinalIgnoreCase)
            && DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, out var date)
            && (DateTimeOffset.UtcNow - date).Duration() < TimeSpan.FromMinutes(5);
}
