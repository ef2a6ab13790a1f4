using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Chaos.Network;

/// <summary>
/// A network namespace of Linux with a loopback and nothing else, for one run of this program and what it starts. Its packet filter is
/// its own, so nothing of the machine is touched, and all of it goes with the last process in it.
/// </summary>
internal static class PrivateNetwork
{
    /// <summary>Names the network that the process inside came from: a variable that somebody has merely inherited opens nothing.</summary>
    private const string OriginVariable = "STICKY_TESTS_NETWORK_LEFT";

    private static readonly Lazy<string?> MissingOnce = new(FindMissing);

    /// <summary>Whether this process is in one.</summary>
    public static bool IsEntered { get; } = Environment.GetEnvironmentVariable(OriginVariable) is { Length: > 0 } origin && origin != Name();

    /// <summary>Why there can be none on this machine, or null.</summary>
    public static string? Missing => MissingOnce.Value;

    /// <summary>Runs this program in a network of its own.</summary>
    public static (string Program, string[] Arguments) Running(params string[] arguments)
        => Inside("exec \"$@\"", [ChaosSettings.Dotnet, typeof(PrivateNetwork).Assembly.Location, .. arguments]);

    private static (string Program, string[] Arguments) Inside(string script, params string[] arguments)
        => ("unshare", ["--net", "env", $"{OriginVariable}={Name()}", "sh", "-c", $"ip link set lo up && {script}", "sh", .. arguments]);

    private static string? FindMissing()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return "only root on Linux may drop packets";
        }

        if (new[] { "unshare", "ip", "iptables", "iptables-restore" }.FirstOrDefault(program => InstalledPrograms.TryFind(program) is null) is { } program)
        {
            return $"{program} is not installed";
        }

        // Root in a container may lack the capability, and kernels the filter.
        var (unshare, arguments) = Inside("iptables --wait --append INPUT --protocol tcp --dport 1 --jump DROP");
        var attempt = FinishedProcess.RunAsync(unshare, arguments).GetAwaiter().GetResult();
        return attempt.ExitCode == 0 ? null : $"this system has no packet filter for a private network ({attempt.Errors.Trim().Split('\n')[0]})";
    }

    private static string Name() => new FileInfo("/proc/self/ns/net").LinkTarget ?? "";
}
