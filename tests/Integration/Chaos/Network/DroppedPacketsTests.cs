using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Chaos.Network;

public sealed class DroppedPacketsTests
{
    [Fact]
    public async Task Connection_PacketsDroppedAndPassedAgain_StaysOpenAndGoesOn()
    {
        Assert.SkipWhen(PrivateNetwork.Missing is not null, $"No packets can be dropped: {PrivateNetwork.Missing}.");

        var (program, arguments) = PrivateNetwork.Running(DroppedPacketsCheck.Command);
        var check = await FinishedProcess.RunAsync(program, arguments);

        Assert.True(check.ExitCode == 0, check.Output + check.Errors);
    }

    [Fact]
    public async Task Dropping_InTheMachinesNetwork_IsRefused()
    {
        Assert.False(PrivateNetwork.IsEntered);
        await Assert.ThrowsAsync<InvalidOperationException>(() => DroppedPackets.StartAsync(["--source 127.77.0.1"]));
    }
}
