using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace StickySessions.Forwarding;

/// <summary>
/// The circuit of one node, and the timeout for its answers if there is one. A closed circuit without a timeout need not be asked, and
/// learns of failures only: to lead each request of a healthy node through the pipeline would cost more than all else on its way.
/// </summary>
internal sealed class NodeCircuit
{
    public static readonly ResiliencePropertyKey<bool> HasBody = new("StickySessions.HasBody");

    /// <summary>Polly opens no circuit after fewer results, but here one failure says enough.</summary>
    private const int ResultsToOpen = 2;

    private readonly CircuitBreakerStateProvider _state = new();
    private readonly bool _hasTimeout;

    public NodeCircuit(StickyForwardingOptions settings, TimeProvider time)
    {
        _hasTimeout = settings.ResponseTimeout != Timeout.InfiniteTimeSpan;
        var builder = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                // Only failures that say something about the node count, and each of them says enough.
                ShouldHandle = static arguments => ValueTask.FromResult(TransportFailure.IsOfNode(arguments.Outcome.Exception)),
                FailureRatio = 0,
                MinimumThroughput = ResultsToOpen,
                SamplingDuration = TimeSpan.FromSeconds(10),
                BreakDuration = settings.BreakDuration,
                StateProvider = _state,
            });
        if (_hasTimeout)
        {
            builder.AddTimeout(new TimeoutStrategyOptions
            {
                TimeoutGenerator = arguments => ValueTask.FromResult(
                    arguments.Context.Properties.GetValue(HasBody, false) ? Timeout.InfiniteTimeSpan : settings.ResponseTimeout),
            });
        }

        Pipeline = builder.Build();
    }

    public ResiliencePipeline<HttpResponseMessage> Pipeline { get; }

    public bool MustBeAsked => _hasTimeout || _state.CircuitState != CircuitState.Closed;

    /// <summary>Tells how a request failed that did not go through the pipeline.</summary>
    public async ValueTask ReportAsync(Exception failure)
    {
        for (var result = 0; result < ResultsToOpen && TransportFailure.IsOfNode(failure); result++)
        {
            var context = ResilienceContextPool.Shared.Get();
            await Pipeline.ExecuteOutcomeAsync(
                static (_, failure) => ValueTask.FromResult(Outcome.FromException<HttpResponseMessage>(failure)), context, failure);
            ResilienceContextPool.Shared.Return(context);
        }
    }
}
