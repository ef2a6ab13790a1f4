using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Tests.Unit.Middleware;

/// <summary>A response that begins when the test says so.</summary>
internal sealed class StartableResponse : HttpResponseFeature
{
    private readonly Stack<(Func<object, Task> Callback, object State)> _starting = new();

    public override void OnStarting(Func<object, Task> callback, object state) => _starting.Push((callback, state));

    /// <summary>As servers do it: the last callback first.</summary>
    public async Task StartAsync()
    {
        while (_starting.TryPop(out var registered))
        {
            await registered.Callback(registered.State);
        }
    }
}
