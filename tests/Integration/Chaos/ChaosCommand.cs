using System.Diagnostics;
using System.Globalization;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Chaos.Faults;
using StickySessions.Tests.Integration.Chaos.Network;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Chaos;

/// <summary>The harness by hand.</summary>
internal static class ChaosCommand
{
    public const string Name = "chaos";

    private const string Usage =
        """
        dotnet run --project tests/Integration -- chaos [options]

          --minutes <number>               how long faults happen (1)
          --seed <number>                  what the faults are chosen by (1)
          --nodes <number>                 how many nodes, at least 3 (5)
          --mode consistency|availability  what a node does that lost Redis (consistency)
          --faults all|no-data-loss        whether Redis may lose what it has stored (no-data-loss)
          --kinds <kind>,<kind>            only these kinds of faults
          --at-once <number>               how many faults at a time (2)
          --clients <number>               how many clients (20)
          --rate <number>                  requests per second of all clients together (150)
          --lease <seconds>                the lease of nodes (2.5)
          --fork-bound <seconds>           how long two owners may be there where that is no violation (10)
          --output <folder>                where the histories go (a temporary folder)
          --durability none|async|before-response
                                           sessions keep carts, stored like this (no carts)
          --expect none|async|before-response
                                           what is expected of carts: more than is done must be found (the same)
          --max-lag <seconds>              how long carts may wait with async (1)
          --without-fence                  nodes do not check their lease: this must be found
        """;

    public static async Task<int> RunAsync(string[] arguments)
    {
        ChaosOptions options;
        try
        {
            options = Parse(arguments);
        }
        catch (FormatException mistake)
        {
            Console.Error.WriteLine(mistake.Message);
            Console.Error.WriteLine(Usage);
            Console.Error.WriteLine($"Kinds: {string.Join(", ", Nemesis.All.Select(fault => fault.Kind))}");
            return 2;
        }

        if (InstalledPrograms.TryFind("redis-server") is not { } redis)
        {
            Console.Error.WriteLine("redis-server is not installed.");
            return 2;
        }

        if (KernelFaults.AreWanted(options) && !PrivateNetwork.IsEntered)
        {
            if (PrivateNetwork.Missing is not { } reason)
            {
                return await RunInPrivateNetworkAsync(arguments);
            }

            Console.WriteLine($"No packets are dropped in the kernel: {reason}.");
        }

        if (ClockSkew.Library is null)
        {
            Console.WriteLine("libfaketime is not installed: wall clocks are not skewed.");
        }

        using var interrupted = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            interrupted.Cancel();
        };
        var report = await new ChaosRun(options, redis, Console.WriteLine).RunAsync(interrupted.Token);
        Console.WriteLine();
        Console.WriteLine(report);
        if (report.HasViolations || options.Output is not null)
        {
            await report.KeepAsync();
            Console.WriteLine($"The histories are in {report.Folder.FullName}");
        }
        else
        {
            report.Folder.Delete(recursive: true);
        }

        return report.HasViolations ? 1 : 0;
    }

    private static async Task<int> RunInPrivateNetworkAsync(string[] arguments)
    {
        var (program, again) = PrivateNetwork.Running([Name, .. arguments]);
        using var run = await TiedProcesses.StartAsync(new ProcessStartInfo(program, again));
        Console.CancelKeyPress += (_, pressed) =>
        {
            // It is the other process that ends its run early, and tells what it has found.
            pressed.Cancel = true;
            Process.Start("kill", ["-INT", run.Id.ToString(CultureInfo.InvariantCulture)]).Dispose();
        };
        await run.WaitForExitAsync();
        return run.ExitCode;
    }

    private static ChaosOptions Parse(string[] arguments)
    {
        var options = new ChaosOptions { Nodes = 5 };
        for (var i = 0; i < arguments.Length; i++)
        {
            var name = arguments[i];
            if (name == "--without-fence")
            {
                options = options with { Fence = false };
                continue;
            }

            var value = ++i < arguments.Length ? arguments[i] : throw new FormatException($"{name} needs a value.");
            options = name switch
            {
                "--minutes" => options with { Duration = TimeSpan.FromMinutes(Number(name, value)) },
                "--seed" => options with { Seed = (int)Number(name, value) },
                "--nodes" when Number(name, value) >= 3 => options with { Nodes = (int)Number(name, value) },
                "--mode" when Enum.TryParse<ChaosMode>(value, ignoreCase: true, out var mode) => options with { Mode = mode },
                "--faults" when value is "all" or "no-data-loss" => options with { LoseData = value == "all" },
                "--kinds" when value.Split(',') is var kinds && kinds.All(kind => Nemesis.All.Any(fault => fault.Kind == kind)) => options with { Faults = kinds },
                "--at-once" => options with { FaultsAtOnce = (int)Number(name, value) },
                "--clients" => options with { Clients = (int)Number(name, value) },
                "--rate" => options with { Rate = Number(name, value) },
                "--lease" => options with { Lease = TimeSpan.FromSeconds(Number(name, value)) },
                "--fork-bound" => options with { ForkBound = TimeSpan.FromSeconds(Number(name, value)) },
                "--durability" when TryParse(value, out var durability) => options with { Durability = durability },
                "--expect" when TryParse(value, out var expected) => options with { ExpectedDurability = expected },
                "--max-lag" => options with { MaxLag = TimeSpan.FromSeconds(Number(name, value)) },
                "--output" => options with { Output = value },
                _ => throw new FormatException($"{name} {value} is not understood."),
            };
        }

        return options.KeepsCarts && !options.IsStrict
            ? throw new FormatException("Nothing is promised of carts unless --mode is consistency and --faults is no-data-loss.")
            : options;
    }

    private static bool TryParse(string value, out SessionDurability durability)
        => Enum.TryParse(value.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out durability);

    private static double Number(string name, string value)
        => double.TryParse(value, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new FormatException($"{name} is {value}: choose a positive number.");
}
