using System.Collections.Concurrent;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>Runs something for a tag, once at a time: who asks while it runs waits for the same run.</summary>
internal sealed class OncePerTag(Func<NodeTag, Task> run)
{
    private readonly ConcurrentDictionary<NodeTag, Lazy<Task>> _running = new();

    public Task RunAsync(NodeTag tag) => _running.GetOrAdd(tag, which => new Lazy<Task>(() => RunAndForgetAsync(which))).Value;

    private async Task RunAndForgetAsync(NodeTag tag)
    {
        await Task.Yield();
        try
        {
            await run(tag);
        }
        finally
        {
            _running.TryRemove(tag, out _);
        }
    }
}
