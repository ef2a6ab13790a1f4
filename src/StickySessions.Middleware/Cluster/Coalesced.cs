namespace StickySessions.Cluster;

/// <summary>
/// Runs one thing at a time. Whoever calls gets a run that starts after the call, and all who wait for it share it: at most one
/// runs and one waits, however slow it is.
/// </summary>
internal sealed class Coalesced(Func<Task> run)
{
    private readonly Lock _gate = new();
    private Task _running = Task.CompletedTask;
    private Task? _next;

    public Task RunAsync()
    {
        lock (_gate)
        {
            return _next ??= RunAfterAsync(_running);
        }
    }

    private async Task RunAfterAsync(Task previous)
    {
        // Leaves the caller's lock before anything happens.
        await Task.Yield();
        await previous.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            _running = _next!;
            _next = null;
        }

        await run();
    }
}
