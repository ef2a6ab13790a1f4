using System.Collections.Concurrent;

namespace StickySessions.Tests.ClientApp;

/// <summary>What this process knows of its visitors: how often it has heard of each. A visitor is who sends the same cookie.</summary>
internal sealed class Visitors
{
    private const string Cookie = "visitor";

    private readonly ConcurrentDictionary<string, int> _counts = new();

    /// <summary>Null for who has no cookie.</summary>
    public static string? Find(HttpContext context) => context.Request.Cookies[Cookie];

    public static string Welcome(HttpContext context)
    {
        var visitor = Guid.NewGuid().ToString("N");
        context.Response.Cookies.Append(Cookie, visitor);
        return visitor;
    }

    /// <summary>Those without a cookie are not counted.</summary>
    public int Count(string? visitor) => visitor is null ? 0 : _counts.AddOrUpdate(visitor, 1, static (_, count) => count + 1);
}
