using System.Diagnostics;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.OneAtATime;

/// <summary>A request calls its own cluster in its own session, and waits for the answer.</summary>
public sealed class NestedCallTests(GarnetServerFixture redis)
{
    /// <summary>Also where somebody collects traces: then HttpClient makes an activity of its own for the call.</summary>
    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(0, 1, false)]
    [InlineData(1, 0, false)]
    [InlineData(1, 1, false)]
    [InlineData(0, 1, true)]
    [InlineData(1, 0, true)]
    public async Task Call_InItsOwnSession_IsRefusedAtOnce(int ingress, int called, bool isTraced)
    {
        using var traces = Collect(isTraced);
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync());

        var answer = await app.GetAsync(ingress, $"/call?url={app.Nodes[called].Address}run/nested");

        Assert.StartsWith("200 508 ", answer.ToString(), StringComparison.Ordinal);
        Assert.Contains("\"reason\":\"session-reentered\"", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("nested", app.Ran);
        await app.NobodyIsThereAsync();
    }

    [Fact]
    public async Task Call_WithinACallOfAnotherSession_IsRefusedAtOnce()
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync());
        var other = (await app.Nodes[1].GetAsync("/free/other")).Cookie!;
        var own = Uri.EscapeDataString(app.Cookie);
        var innermost = Uri.EscapeDataString($"{app.Nodes[1].Address}run/nested");
        var inner = Uri.EscapeDataString($"{app.Nodes[0].Address}call?url={innermost}&cookie={own}");

        var answer = await app.GetAsync(0, $"/call?url={inner}&cookie={Uri.EscapeDataString(other)}");

        Assert.StartsWith("200 200 508 ", answer.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("nested", app.Ran);
    }

    [Fact]
    public async Task Call_ToAnEndpointThatIsExempt_Runs()
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync());

        Assert.Equal("200 200 nested", (await app.GetAsync(0, $"/call?url={app.Nodes[1].Address}free/nested")).ToString());
    }

    [Fact]
    public async Task Call_InAnotherSession_Runs()
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync());
        var other = (await app.Nodes[0].GetAsync("/free/other")).Cookie!;

        Assert.Equal("200 200 nested", (await app.GetAsync(0, $"/call?url={app.Nodes[1].Address}run/nested&cookie={Uri.EscapeDataString(other)}")).ToString());
    }

    /// <summary>As a page sends them whose trace has several requests: they wait for each other, and none waits within another.</summary>
    [Fact]
    public async Task Requests_OfOneTrace_WaitForEachOther()
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync());
        using var activity = new Activity("page").SetIdFormat(ActivityIdFormat.W3C).Start();
        var held = await app.HoldAsync();
        var waiting = await app.WaitInLineAsync(1, "/run/waiting");

        app.Release();

        Assert.Equal("200 waiting", (await waiting).ToString());
        Assert.Equal("200 hold", (await held).ToString());
    }

    /// <summary>What cannot be recognised ends by itself.</summary>
    [Fact]
    public async Task Call_WithoutTheTrace_EndsWhenItHasWaitedLongEnough()
    {
        await using var app = await TurnsApplication.StartAsync(
            await redis.ConfigurationAsync(), policy => policy.QueueTimeout = TimeSpan.FromMilliseconds(200));

        var answer = await app.GetAsync(0, $"/call?url={app.Nodes[1].Address}run/nested&traced=false");

        Assert.StartsWith("200 503 ", answer.ToString(), StringComparison.Ordinal);
        Assert.Contains("\"reason\":\"session-busy\"", answer.Body, StringComparison.Ordinal);
    }

    private static ActivityListener? Collect(bool isTraced)
    {
        if (!isTraced)
        {
            return null;
        }

        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "System.Net.Http" or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
