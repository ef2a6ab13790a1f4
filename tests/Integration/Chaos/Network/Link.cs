using System.Diagnostics.CodeAnalysis;

namespace StickySessions.Tests.Integration.Chaos.Network;

[Flags]
internal enum Way
{
    None = 0,

    /// <summary>From the one that connected to the one that listens.</summary>
    There = 1,

    /// <summary>From the one that listens to the one that connected.</summary>
    Back = 2,

    Both = There | Back,
}

/// <summary>
/// The path of all connections from one process to another. It can be held, as a network that loses every packet does: what was sent
/// arrives when the path is whole again. Or it can be broken: connections are reset, and so are new ones. Safe for concurrent use.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Connections may still look at it, and it has no timer.")]
internal sealed class Link
{
    private readonly Lock _guard = new();
    private TaskCompletionSource _there = Flowing();
    private TaskCompletionSource _back = Flowing();
    private CancellationTokenSource _connections = new();
    private volatile bool _isBroken;

    public bool IsBroken => _isBroken;

    /// <summary>Cancelled when the connections that exist now are to be reset.</summary>
    public CancellationToken Connections
    {
        get
        {
            lock (_guard)
            {
                return _connections.Token;
            }
        }
    }

    /// <summary>Completes when bytes can go this way.</summary>
    public Task OpenAsync(Way way)
    {
        lock (_guard)
        {
            return (way == Way.There ? _there : _back).Task;
        }
    }

    public void Hold(Way ways)
    {
        lock (_guard)
        {
            if (ways.HasFlag(Way.There) && _there.Task.IsCompleted)
            {
                _there = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            if (ways.HasFlag(Way.Back) && _back.Task.IsCompleted)
            {
                _back = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    public void Break()
    {
        _isBroken = true;
        Reset();
    }

    /// <summary>Resets the connections that exist; new ones are fine.</summary>
    public void Reset()
    {
        CancellationTokenSource connections;
        lock (_guard)
        {
            connections = _connections;
            _connections = new CancellationTokenSource();
        }

        connections.Cancel();
    }

    public void Heal()
    {
        _isBroken = false;
        lock (_guard)
        {
            _there.TrySetResult();
            _back.TrySetResult();
        }
    }

    private static TaskCompletionSource Flowing()
    {
        var flowing = new TaskCompletionSource();
        flowing.SetResult();
        return flowing;
    }
}
