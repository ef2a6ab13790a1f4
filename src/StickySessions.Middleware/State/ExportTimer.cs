using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using StickySessions.Ownership;
using StickySessions.Policies;

namespace StickySessions.State;

/// <summary>Exports the application's own memory from time to time, if that was asked for: what a crash loses is then no older than that.</summary>
internal sealed class ExportTimer(
    ApplicationMemories memories, HeldSessions held, WriteBehind behind, IOptions<StickySessionStateOptions> options, TimeProvider time) : BackgroundService
{
    /// <summary>Between two slices others get the processor.</summary>
    private const int SliceSize = 100;

    private static readonly TimeSpan PauseBetweenSlices = TimeSpan.FromMilliseconds(20);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!memories.Any || options.Value.ExportInterval is not { } interval)
        {
            return;
        }

        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await Task.Delay(interval, time, stoppingToken);
                foreach (var slice in held.All().Where(IsDue).Chunk(SliceSize))
                {
                    foreach (var session in slice)
                    {
                        await memories.ExportAsync(session, stoppingToken);
                        behind.Add(session);
                    }

                    await Task.Delay(PauseBetweenSlices, time, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The drain exports once more.
        }
    }

    /// <summary>One that was not imported yet has nothing that is newer than what is stored.</summary>
    private static bool IsDue(HeldSession session)
        => session is { Durability: not SessionDurability.None, IsClosed: false, IsEnded: false, IsMoving: false, Memory: not StoredMemory };
}
