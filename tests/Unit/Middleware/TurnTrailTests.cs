using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace StickySessions.Tests.Unit.Middleware;

/// <summary>What a call tells of the turns under which it is made.</summary>
public sealed class TurnTrailTests : IDisposable
{
    private const string Id = "0123456789abcdef";
    private const string Outer = "fedcba9876543210";
    private const string TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private readonly IHeaderDictionary _headers = new HeaderDictionary();

    public TurnTrailTests() => Activity.Current = null;

    public void Dispose() => Activity.Current = null;

    [Theory]
    [InlineData($"stickysessions={Id}", Id)]
    [InlineData($"congo=t61rcWkgMzE, stickysessions={Id}.{Outer} ,rojo=1", $"{Id}.{Outer}")]
    [InlineData("congo=t61rcWkgMzE", null)]
    [InlineData("stickysessions=", null)]
    [InlineData("stickysessions=<script>", null)]
    [InlineData($"not-stickysessions={Id}", null)]
    [InlineData("", null)]
    public void Read_TraceState_FindsTheTurns(string state, string? turns)
    {
        _headers.TraceState = state;

        Assert.Equal(turns, TurnTrail.Read(_headers));
    }

    [Fact]
    public void Read_SecondLineOfTheHeader_FindsTheTurns()
    {
        _headers.TraceState = new(["rojo=1", $"stickysessions={Id}"]);

        Assert.Equal(Id, TurnTrail.Read(_headers));
    }

    [Fact]
    public void Read_MoreThanItEverWrites_IsIgnored()
    {
        _headers.TraceState = "stickysessions=" + new string('a', 1_000);

        Assert.Null(TurnTrail.Read(_headers));
    }

    [Fact]
    public void Begin_WithoutAnActivity_StartsOneInTheClientsTrace()
    {
        _headers.TraceParent = TraceParent;
        _headers.TraceState = "congo=t61rcWkgMzE";

        using var started = TurnTrail.Begin(_headers, callers: null, Id);

        Assert.Same(started, Activity.Current);
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", started!.TraceId.ToString());
        Assert.Equal($"stickysessions={Id},congo=t61rcWkgMzE", started.TraceStateString);
    }

    [Fact]
    public void Begin_WithinAnActivity_TellsItsDescendants()
    {
        using var activity = new Activity("request") { TraceStateString = $"rojo=1,stickysessions={Outer}" }.SetIdFormat(ActivityIdFormat.W3C).Start();

        Assert.Null(TurnTrail.Begin(_headers, Outer, Id));

        using var call = new Activity("call").Start();
        Assert.Equal($"stickysessions={Id}.{Outer},rojo=1", call.TraceStateString);
    }

    [Fact]
    public void Begin_DeepWithinCalls_KeepsTheLastEight()
    {
        string? callers = null;
        for (var depth = 0; depth < 20; depth++)
        {
            using var activity = TurnTrail.Begin(_headers, callers, $"{depth:x16}");
            _headers.TraceState = activity!.TraceStateString;
            callers = TurnTrail.Read(_headers);
        }

        Assert.Equal(string.Join('.', Enumerable.Range(12, 8).Reverse().Select(depth => $"{depth:x16}")), callers);
    }
}
