using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace StickySessions.Tests.Integration.Startup;

/// <summary>One node of the sample in a process of its own: what stands in its environment concerns nobody else.</summary>
internal sealed partial class ChildNode : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _log;

    private ChildNode(Process process, string log)
    {
        _process = process;
        _log = log;
    }

    /// <summary>Where it says that it serves.</summary>
    public string[] Addresses => Serves().Match(_log).Groups["addresses"].Value.Split(' ');

    /// <summary>The port where its interconnect listens; null without one.</summary>
    public int? InterconnectPort => Interconnect().Match(_log) is { Success: true } line ? int.Parse(line.Groups["port"].Value, CultureInfo.InvariantCulture) : null;

    /// <summary>The command of a node that chooses its endpoints as its environment says.</summary>
    public static string[] Command(bool sticky)
        => [Path.Combine(AppContext.BaseDirectory, "ShopCart.dll"), "node", "--name", "web-1", "--sticky", sticky ? "on" : "off", "--interconnect", "http://127.0.0.1:0"];

    /// <summary>Starts a program that becomes a node, and waits until it serves and, if it is sticky, has said where its interconnect is.</summary>
    public static async Task<ChildNode> StartAsync(string directory, bool sticky, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(SaysWhereToListen).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var log = "";
        while (!Serves().IsMatch(log) || (sticky && !Interconnect().IsMatch(log)))
        {
            if (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is not { } line)
            {
                var output = log + await errors;
                process.Dispose();
                throw output.Contains("address already in use", StringComparison.OrdinalIgnoreCase)
                    ? new SocketException((int)SocketError.AddressAlreadyInUse)
                    : new InvalidOperationException(output);
            }

            log += line + "\n";
        }

        _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        return new ChildNode(process, log);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private static bool SaysWhereToListen(string variable)
        => variable.EndsWith("URLS", StringComparison.OrdinalIgnoreCase)
            || variable.EndsWith("_PORTS", StringComparison.OrdinalIgnoreCase)
            || variable.StartsWith("Kestrel", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"web-1 serves the shop on (?<addresses>.+)\n")]
    private static partial Regex Serves();

    [GeneratedRegex(@"The interconnect listens on http://127\.0\.0\.1:(?<port>\d+);")]
    private static partial Regex Interconnect();
}
