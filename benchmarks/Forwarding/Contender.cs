using System.Globalization;

namespace StickySessions.Benchmarks.Forwarding;

/// <summary>What one turn measured.</summary>
internal sealed record Turn(double RequestsPerSecond, double CpuAtIngress, double CpuAtOwner, double AllocatedAtIngress, double AllocatedAtOwner)
{
    public double CpuPerRequest => CpuAtIngress + CpuAtOwner;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{RequestsPerSecond,6:0}/s {CpuAtIngress,5:0.0} + {CpuAtOwner:0.0} us, {AllocatedAtIngress,6:0} + {AllocatedAtOwner:0} B");
}

/// <summary>A pair of processes that forwards, and how it is driven.</summary>
internal sealed class Contender(string name, ServerProcess ingress, ServerProcess owner, int port, string cookie, int connections)
{
    /// <summary>Long enough for the code to be compiled with what was learnt from running it.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(15);

    public async Task WarmUpAsync()
    {
        var warm = await RunAsync(WarmUp);
        Console.WriteLine($"{name} is warm: {warm}");
    }

    public async Task<Turn> RunAsync(TimeSpan duration)
    {
        var (ingressBefore, ownerBefore) = (await ingress.MeasureAsync(), await owner.MeasureAsync());
        var (requests, elapsed) = await LoadGenerator.RunAsync(port, cookie, connections, duration);
        var (atIngress, atOwner) = (await ingress.MeasureAsync() - ingressBefore, await owner.MeasureAsync() - ownerBefore);
        return new Turn(
            requests / elapsed.TotalSeconds,
            atIngress.CpuMicroseconds / requests,
            atOwner.CpuMicroseconds / requests,
            (double)atIngress.AllocatedBytes / requests,
            (double)atOwner.AllocatedBytes / requests);
    }
}
