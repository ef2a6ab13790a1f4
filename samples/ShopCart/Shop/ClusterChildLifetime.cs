using System.Runtime.InteropServices;

namespace ShopCart.Shop;

/// <summary>
/// The lifetime of a node that the cluster command started: it drains and stops on SIGTERM, and when its standard input ends, which is
/// how the cluster stops it on every operating system, and what happens when the cluster itself dies. A Ctrl+C is the cluster's business,
/// although the terminal sends it to every process.
/// </summary>
internal sealed class ClusterChildLifetime(IHostApplicationLifetime lifetime) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _signals = [];

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            lifetime.StopApplication();
        }));

        // A thread of its own: reading the standard input cannot be cancelled.
        new Thread(StopWhenInputEnds) { IsBackground = true, Name = "Cluster watch" }.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _signals.ForEach(signal => signal.Dispose());

    private void StopWhenInputEnds()
    {
        using var input = Console.OpenStandardInput();
        Span<byte> ignored = stackalloc byte[64];
        while (input.Read(ignored) > 0)
        {
        }

        lifetime.StopApplication();
    }
}
