using StickySessions.Policies;
using StickySessions.Tests.Integration.Chaos.Checking;
using StickySessions.Tests.Integration.Chaos.Faults;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Performance;

namespace StickySessions.Tests.Integration.Chaos;

/// <summary>Short runs of the fault harness; long ones are a command, see <see cref="ChaosCommand"/>.</summary>
[Collection(nameof(Alone))]
public sealed class ChaosTests
{
    private static readonly ChaosOptions Short = new() { Duration = TimeSpan.FromSeconds(8), Seed = 3, Clients = 12, Rate = 60, FaultsAtOnce = 1 };

    [Fact]
    public async Task ShortRun_WithoutLossOfData_KeepsAllPromises()
    {
        var report = await RunAsync(Short with
        {
            Duration = TimeSpan.FromSeconds(15),
            Faults = ["kill", "pause", "drain", "redis restart", "isolated", "cut between nodes"],
        });

        Assert.False(report.HasViolations, report.ToString());
        Assert.NotEmpty(report.History.Faults);
        Assert.Contains(report.History.Executions, execution => execution.By.Epoch > 1);
    }

    [Fact]
    public async Task ShortRun_WithCartsStoredBeforeResponses_LosesNoItem()
    {
        var report = await RunAsync(Short with
        {
            Duration = TimeSpan.FromSeconds(20),
            Faults = ["kill", "pause", "drain", "redis restart", "cut from redis"],
            Durability = SessionDurability.BeforeResponse,
        });

        Assert.False(report.HasViolations, report.ToString());
        Assert.NotEmpty(report.History.Faults);
        Assert.Contains(report.History.Operations, operation => operation is { Cart.Seen.Count: > 0, Answer.Epoch: > 1 });
    }

    [Fact]
    public async Task ShortRun_WithCartsThatNobodyStores_FindsLostItems()
    {
        var report = await RunAsync(Short with
        {
            Faults = ["kill"],
            Durability = SessionDurability.None,
            ExpectedDurability = SessionDurability.BeforeResponse,
        });

        Assert.Contains(report.Verdict.Violations, violation => violation.Rule == CartRules.Lost);
    }

    [Fact]
    public async Task ShortRun_WithoutFence_FindsTwoOwners()
    {
        var report = await RunAsync(Short with { Faults = [PausedOwner.Fault.Kind], Fence = false });

        Assert.Contains(report.Verdict.Violations, violation => violation.Rule == Verdict.OneOwner);
    }

    [Fact]
    public async Task ShortRun_OfTheSameFaultsWithFence_KeepsAllPromises()
    {
        var report = await RunAsync(Short with { Faults = [PausedOwner.Fault.Kind] });

        Assert.False(report.HasViolations, report.ToString());
        Assert.NotEmpty(report.History.Faults);
    }

    private static async Task<ChaosReport> RunAsync(ChaosOptions options)
    {
        var redis = InstalledPrograms.FindOrSkip("redis-server");
        var report = await new ChaosRun(options, redis, line => TestContext.Current.SendDiagnosticMessage(line)).RunAsync(TestContext.Current.CancellationToken);
        if (report.HasViolations && options is { Fence: true, ExpectedDurability: null })
        {
            await report.KeepAsync();
            TestContext.Current.SendDiagnosticMessage("The histories are in {0}", report.Folder.FullName);
        }
        else
        {
            report.Folder.Delete(recursive: true);
        }

        return report;
    }
}
