using StickySessions.Tests.Integration.Chaos.Network;

namespace StickySessions.Tests.Integration.Chaos;

/// <summary>What the parts of a run share: its options, its folder, Redis, a way to ask nodes.</summary>
internal sealed class ChaosSettings(ChaosOptions options, DirectoryInfo folder, ChaosRedis redis) : IDisposable
{
    public ChaosOptions Options => options;

    public DirectoryInfo Folder => folder;

    public ChaosRedis Redis => redis;

    public HttpClient Http { get; } = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };

    public static string Dotnet { get; }
        = Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";

    /// <summary>The configuration that all nodes have in common.</summary>
    public IReadOnlyDictionary<string, string> OfAllNodes { get; } = new Dictionary<string, string>(OfState(options))
    {
        ["Chaos:Fence"] = $"{options.Fence}",
        ["Logging:LogLevel:Default"] = "Warning",
        ["Logging:LogLevel:StickySessions"] = "Debug",
        ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
        ["StickySessions:Node:DrainDelay"] = $"{options.BeatInterval}",
        ["StickySessions:Redis:BeatInterval"] = $"{options.BeatInterval}",
        ["StickySessions:Redis:Lease"] = $"{options.Lease}",
        ["StickySessions:Redis:ExpireOnRefused"] = $"{options.Mode == ChaosMode.Availability}",
        ["StickySessions:Forwarding:FailoverTimeout"] = $"{options.Lease + TimeSpan.FromSeconds(1)}",
        ["StickySessions:Policy:OnRedisLost"] = options.Mode == ChaosMode.Consistency ? "PreferConsistency" : "PreferAvailability",
    };

    public string NodeLog(string node) => Path.Combine(folder.FullName, $"{node}.log");

    public string ExecutionLog(string process) => Path.Combine(folder.FullName, $"{process}.executions");

    public IEnumerable<string> ExecutionLogs => folder.EnumerateFiles("*.executions").Select(file => file.FullName).Order(StringComparer.Ordinal);

    public string SkewFile(string node) => Path.Combine(folder.FullName, $"{node}.skew");

    /// <summary>What stands before the command of a node so that its wall clock can be skewed; nothing where faketime is not installed.</summary>
    public IEnumerable<string> SkewPrefix(string node)
        => ClockSkew.Library is { } library && ClockSkew.IsWanted(options)
            ? ["env", $"LD_PRELOAD={library}", $"FAKETIME_TIMESTAMP_FILE={SkewFile(node)}", "FAKETIME_CACHE_DURATION=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
                // Else its timed waits return at once, and each idle thread that waits takes all the processor time it gets.
                "FAKETIME_FORCE_MONOTONIC_FIX=0"]
            : [];

    public void Dispose() => Http.Dispose();

    private static IEnumerable<KeyValuePair<string, string>> OfState(ChaosOptions options) => options.Durability is { } durability
        ? [
            new("Chaos:Carts", $"{true}"),
            new("StickySessions:Policy:Durability", $"{durability}"),
            new("StickySessions:State:MaxLag", $"{options.MaxLag}"),

            // Sessions move while all is well, too.
            new("StickySessions:State:RebalanceAbove", "1.1"),
        ]
        : [];
}
