using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.JSInterop;
using StickySessions.Diagnostics;

namespace StickySessions.State;

/// <summary>
/// Has a Blazor Server circuit paused by its browser before its WebSocket ends, and resumed a moment later, by which time a new connection leads to where the
/// session lives then. One for each circuit.
/// </summary>
/// <param name="services">The circuit's. An application without Blazor has no JavaScript runtime, and none of these is made there.</param>
/// <param name="options">Whether to.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed partial class CircuitPause(
    IServiceProvider services, IOptions<StickySessionStateOptions> options, TimeProvider time, ILogger<CircuitPause> logger) : CircuitHandler
{
    /// <summary>For a few round trips to the browser, and what the components take to say what they are.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>What a browser is given to pause, besides four of its round trips, of which it needs three.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public override Task OnConnectionUpAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        if (options.Value.PauseCircuits && LongLivedRequest.Current is { } request)
        {
            request.BeforeItEnds(PauseAsync);
        }

        return Task.CompletedTask;
    }

    private async Task PauseAsync(Task disconnected)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            // Nobody on this side will be connected when it is time to resume, so the browser is given its own functions to call: no script is
            // evaluated, which an application's content security policy may forbid. It is told to resume only once: two attempts at a time
            // break the circuit.
            var js = services.GetRequiredService<IJSRuntime>();
            var asked = time.GetTimestamp();
            var pause = await js.GetValueAsync<IJSObjectReference>("Blazor.pauseCircuit", patience.Token);
            var roundTrip = time.GetElapsedTime(asked);
            var resume = await js.GetValueAsync<IJSObjectReference>("Blazor.resumeCircuit", patience.Token);
            await js.InvokeVoidAsync("setTimeout", patience.Token, resume, (int)(Pause + (4 * roundTrip)).TotalMilliseconds);
            await js.InvokeVoidAsync("setTimeout", patience.Token, pause, 0);
            await disconnected.WaitAsync(patience.Token);
        }
        catch (Exception gone) when (gone is OperationCanceledException or JSDisconnectedException or ObjectDisposedException)
        {
            // The browser has gone by itself, or takes too long.
        }
        catch (Exception failure) when (failure is JSException or InvalidOperationException)
        {
            NotPaused(logger, failure.Message);
        }
    }

    [LoggerMessage(StickyEventIds.State + 80, LogLevel.Warning,
        "A circuit could not be paused, so its browser loads the page again: {Cause}")]
    private static partial void NotPaused(ILogger logger, string cause);
}
