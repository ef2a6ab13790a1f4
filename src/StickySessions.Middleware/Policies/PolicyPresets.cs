using System.Security.Claims;
using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>What the presets set.</summary>
internal static class PolicyPresets
{
    /// <summary>The last revision of the Model Context Protocol that has sessions. Revisions are dates.</summary>
    private const string LastRevisionWithSessions = "2025-11-25";

    private const string McpRevision = "MCP-Protocol-Version";

    public static void Apply(StickyPreset preset, StickyPolicyOptions policy)
    {
        _ = preset switch
        {
            StickyPreset.Cookie => Use(policy, StickyMethod.Insert),
            StickyPreset.AspNetCoreSession => Use(policy, StickyMethod.Rewrite, StickyTokenSourceOptions.Cookie(".AspNetCore.Session")),
            StickyPreset.AspNetSessionId => Use(policy, StickyMethod.Rewrite, StickyTokenSourceOptions.Cookie("ASP.NET_SessionId")),
            StickyPreset.Java => Use(
                policy, StickyMethod.Learn, WithoutRoute(StickyTokenSourceOptions.Cookie("JSESSIONID")), WithoutRoute(StickyTokenSourceOptions.PathParameter("jsessionid"))),
            StickyPreset.Php => Use(policy, StickyMethod.Rewrite, StickyTokenSourceOptions.Cookie("PHPSESSID")),
            StickyPreset.AuthenticatedUser => Use(
                policy, StickyMethod.Hash, StickyTokenSourceOptions.Claim(ClaimTypes.NameIdentifier), StickyTokenSourceOptions.Claim("sub")),
            StickyPreset.Tenant => Use(
                policy,
                StickyMethod.Hash,
                StickyTokenSourceOptions.RouteValue("tenant"),
                StickyTokenSourceOptions.Header("X-Tenant-Id"),
                StickyTokenSourceOptions.Claim("tid")),
            StickyPreset.SignalRWithoutCookies => Use(policy, StickyMethod.Insert, StickyTokenSourceOptions.Query("sticky")),
            StickyPreset.Grpc => Use(policy, StickyMethod.Hash, StickyTokenSourceOptions.Header("session-id")),
            StickyPreset.Mcp => Mcp(policy),
            StickyPreset.EngineIO => EngineIO(policy),
            StickyPreset.SourceAddress => Use(policy, StickyMethod.Hash, StickyTokenSourceOptions.ClientAddress()),
            _ => throw new ArgumentOutOfRangeException(nameof(preset), preset, $"Choose one of {string.Join(", ", Enum.GetNames<StickyPreset>())}."),
        };
    }

    private static StickyPolicyOptions Use(StickyPolicyOptions policy, StickyMethod method, params ReadOnlySpan<StickyTokenSourceOptions> sources)
    {
        policy.Method = method;
        policy.Sources.Clear();
        foreach (var source in sources)
        {
            policy.Sources.Add(source);
        }

        return policy;
    }

    /// <summary>Tomcat and its like append <c>.route</c> if they are told which one they are.</summary>
    private static StickyTokenSourceOptions WithoutRoute(StickyTokenSourceOptions source)
    {
        source.Transform.Pattern = "^(?<token>[^.]+)";
        return source;
    }

    private static StickyPolicyOptions Mcp(StickyPolicyOptions policy)
    {
        var header = StickyTokenSourceOptions.Header("Mcp-Session-Id");
        header.AppliesTo = static context => string.CompareOrdinal(context.Request.Headers[McpRevision].ToString(), LastRevisionWithSessions) <= 0;
        policy.EndsWithDelete = true;
        return Use(policy, StickyMethod.Rewrite, header);
    }

    private static StickyPolicyOptions EngineIO(StickyPolicyOptions policy)
    {
        policy.LearnFromBody = "\"sid\":\"(?<token>[^\"]+)\"";
        return Use(policy, StickyMethod.Learn, StickyTokenSourceOptions.Query("sid"));
    }
}
