using StickySessions.Tests.Integration.Chaos.Network;

namespace StickySessions.Tests.Integration.Chaos;

/// <summary>What the parts of a run share: its options, its folder, Redis, a way to ask nodes.</summary>
internal sealed class ChaosSettings(ChaosOptions options, DirectoryInfo folder, ChaosRedis redis) : IDisposable
{
    public ChaosOptions Options => options;

    public DirectoryInfo Folder => folder;

    public ChaosRedis Redis => redis;

    public HttpClient Http { get; } = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };

    public string Dotnet { get; }
        = System.Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";

    /// <summary>What the environment of a node says besides.</summary>
    public IEnumerable<(string Name, string Value)> Environment => [];

    public string NodeLog(string node) => Path.Combine(folder.FullName, $"{node}.log");

    public string ExecutionLog(string process) => Path.Combine(folder.FullName, $"{process}.executions");

    public IEnumerable<string> ExecutionLogs => folder.EnumerateFiles("*.executions").Select(file => file.FullName).Order(StringComparer.Ordinal);

    public string SkewFile(string node) => Path.Combine(folder.FullName, $"{node}.skew");

    /// <summary>What stands before the command of a node so that its wall clock can be skewed; nothing where faketime is not installed.</summary>
    public IEnumerable<string> SkewPrefix(string node)
        => ClockSkew.Library is { } library && ClockSkew.IsWanted(options)
            ? ["env", $"LD_PRELOAD={library}", $"FAKETIME_TIMESTAMP_FILE={SkewFile(node)}", "FAKETIME_CACHE_DURATION=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
            : [];

    public void Dispose() => Http.Dispose();
}
