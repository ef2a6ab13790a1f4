using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Chaos.Network;

/// <summary>
/// Packets that the kernel loses until this is disposed: connections stay open, what is sent is sent again and again, and new connections
/// get no answer. A proxy, which accepts and acknowledges, cannot imitate that.
/// </summary>
internal sealed class DroppedPackets : IAsyncDisposable
{
    private readonly string[] _rules;

    private DroppedPackets(IEnumerable<string> matches)
    {
        // Where packets arrive: in the chain of outgoing ones the sender would be told.
        _rules = [.. matches.Select(match => $"INPUT --protocol tcp {match} --jump DROP")];
    }

    /// <param name="matches">Which packets, as <c>iptables</c> is told.</param>
    public static async Task<DroppedPackets> StartAsync(IEnumerable<string> matches)
    {
        if (!PrivateNetwork.IsEntered)
        {
            throw new InvalidOperationException("The machine's own packet filter is not touched.");
        }

        var dropped = new DroppedPackets(matches);
        await ApplyAsync(dropped._rules.Select(rule => $"--append {rule}"));
        return dropped;
    }

    public async ValueTask DisposeAsync() => await ApplyAsync(_rules.Select(rule => $"--delete {rule}"));

    /// <summary>All at once: a packet meets either all of the rules or none.</summary>
    private static async Task ApplyAsync(IEnumerable<string> changes)
    {
        var applied = await FinishedProcess.RunAsync(
            "sh", ["-c", "printf '%s\\n' \"$@\" | iptables-restore --wait --noflush", "sh", "*filter", .. changes, "COMMIT"]);
        if (applied.ExitCode != 0)
        {
            throw new InvalidOperationException($"iptables-restore: {applied.Errors}");
        }
    }
}
