using Microsoft.Extensions.Time.Testing;
using Polly;
using Polly.CircuitBreaker;
using StickySessions.Forwarding;

namespace StickySessions.Tests.Unit.Forwarding;

public sealed class NodeCircuitTests
{
    private static readonly HttpRequestException ConnectFailed = new(HttpRequestError.ConnectionError);

    private readonly FakeTimeProvider _time = new();
    private readonly StickyForwardingOptions _settings = new();

    [Fact]
    public void MustBeAsked_NothingHappened_IsFalse() => Assert.False(Circuit().MustBeAsked);

    [Fact]
    public void MustBeAsked_AnswersHaveATimeout_IsTrue()
    {
        _settings.ResponseTimeout = TimeSpan.FromSeconds(1);

        Assert.True(Circuit().MustBeAsked);
    }

    [Fact]
    public async Task Report_OneConnectFailure_OpensTheCircuit()
    {
        var circuit = Circuit();

        await circuit.ReportAsync(ConnectFailed);

        Assert.True(circuit.MustBeAsked);
        Assert.IsType<BrokenCircuitException>((await SendAsync(circuit)).Exception, exactMatch: false);
    }

    [Fact]
    public async Task Report_FailureOfOneRequest_SaysNothingAboutTheNode()
    {
        var circuit = Circuit();

        await circuit.ReportAsync(new HttpRequestException(HttpRequestError.ResponseEnded));
        await circuit.ReportAsync(new OperationCanceledException());

        Assert.False(circuit.MustBeAsked);
    }

    [Fact]
    public async Task Send_AfterTheBreak_ProbeThatSucceedsClosesTheCircuit()
    {
        var circuit = Circuit();
        await circuit.ReportAsync(ConnectFailed);
        _time.Advance(_settings.BreakDuration);

        var probe = await SendAsync(circuit);

        Assert.Null(probe.Exception);
        Assert.False(circuit.MustBeAsked);
    }

    private NodeCircuit Circuit() => new(_settings, _time);

    private static async Task<Outcome<HttpResponseMessage>> SendAsync(NodeCircuit circuit)
    {
        var context = ResilienceContextPool.Shared.Get(TestContext.Current.CancellationToken);
        var outcome = await circuit.Pipeline.ExecuteOutcomeAsync(
            static (_, _) => ValueTask.FromResult(Outcome.FromResult(new HttpResponseMessage())), context, 0);
        ResilienceContextPool.Shared.Return(context);
        return outcome;
    }
}
