using StickySessions.Cluster;
using StickySessions.Redis;

namespace StickySessions.Tests.Unit.Cluster;

public sealed class OptionsValidatorTests
{
    [Fact]
    public void Defaults_AreValid()
    {
        Assert.True(new StickyNodeOptionsValidator().Validate(null, new StickyNodeOptions { Name = "web-1" }).Succeeded);
        Assert.True(new StickyStaticOptionsValidator().Validate(null, new StickyStaticOptions()).Succeeded);
        Assert.True(new StickyRedisOptionsValidator().Validate(null, new StickyRedisOptions { Configuration = "redis-1:6379" }).Succeeded);
    }

    [Fact]
    public void Node_TellsAllErrorsAtOnce_WithValueAndRemedy()
    {
        var result = new StickyNodeOptionsValidator().Validate(null, new StickyNodeOptions
        {
            Name = "web 1",
            PublicAddress = new Uri("ftp://shop.test"),
            Weight = 0,
            DrainDelay = TimeSpan.FromHours(1),
            DrainTimeout = TimeSpan.FromHours(2),
        });

        Assert.Equal(5, result.Failures!.Count());
        Assert.Contains("StickySessions:Node:Name is 'web 1'. Use 1 to 64", result.FailureMessage, StringComparison.Ordinal);
        Assert.Contains("Weight is 0. Use 1 to 10,000", result.FailureMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void DrainDelay_ThatTheDrainsTimeoutDoesNotCover_NamesBoth()
    {
        var result = new StickyNodeOptionsValidator().Validate(null, new StickyNodeOptions
        {
            Name = "web-1",
            DrainDelay = TimeSpan.FromSeconds(30),
            DrainTimeout = TimeSpan.FromSeconds(30),
        });

        Assert.Contains("DrainDelay is 00:00:30, and StickySessions:Node:DrainTimeout", Assert.Single(result.Failures!), StringComparison.Ordinal);
    }

    [Fact]
    public void NodeLimits_TellsAllErrorsAtOnce_WithValueAndRemedy()
    {
        var result = new StickyNodeOptionsValidator().Validate(null, new StickyNodeOptions
        {
            Name = "web-1",
            SlowStart = TimeSpan.FromHours(2),
            MaxRequests = 0,
            WhenFull = (FullNodeBehavior)7,
            QueueLimit = 0,
            QueueTimeout = TimeSpan.Zero,
        });

        Assert.Equal(
            ["SlowStart", "MaxRequests", "WhenFull", "QueueLimit", "QueueTimeout"],
            result.Failures!.Select(error => error["StickySessions:Node:".Length..error.IndexOf(' ', StringComparison.Ordinal)]));
        Assert.Contains("WhenFull is 7. Use one of Serve, Queue, Shed.", result.FailureMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void NodeThatShedsWithoutALimit_NamesTheMissingOption()
    {
        var result = new StickyNodeOptionsValidator().Validate(null, new StickyNodeOptions { Name = "web-1", WhenFull = FullNodeBehavior.Shed });

        Assert.Contains("Set StickySessions:Node:MaxRequests too", Assert.Single(result.Failures!), StringComparison.Ordinal);
    }

    [Fact]
    public void Static_TellsAllErrorsAtOnce_WithValueAndRemedy()
    {
        var options = new StickyStaticOptions { ProbeInterval = TimeSpan.FromSeconds(10), GoneAfter = TimeSpan.FromSeconds(5) };
        options.Nodes["web-1"] = "http://10.0.0.5:6001";
        options.Nodes["web-2"] = "10.0.0.6:6001";
        options.Nodes["web-3"] = "http://10.0.0.5:6001/";

        var result = new StickyStaticOptionsValidator().Validate(null, options);

        Assert.Equal(3, result.Failures!.Count());
        Assert.Contains("StickySessions:Static:Nodes:web-2 is '10.0.0.6:6001'", result.FailureMessage, StringComparison.Ordinal);
        Assert.Contains("the address of web-1 too", result.FailureMessage, StringComparison.Ordinal);
        Assert.Contains("GoneAfter is 00:00:05", result.FailureMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://10.0.0.5:6001/path")]
    [InlineData("http://user@10.0.0.5:6001")]
    [InlineData("/relative")]
    [InlineData("")]
    public void Static_RefusesWhatIsNoAddress(string address)
    {
        var options = new StickyStaticOptions();
        options.Nodes["web-1"] = address;

        Assert.True(new StickyStaticOptionsValidator().Validate(null, options).Failed);
    }

    [Fact]
    public void Redis_TellsAllErrorsAtOnce_WithoutThePassword()
    {
        var result = new StickyRedisOptionsValidator().Validate(null, new StickyRedisOptions
        {
            Configuration = "password=hunter2",
            ClusterName = "a b",
            BeatInterval = TimeSpan.FromMilliseconds(1),
            Lease = TimeSpan.FromHours(1),
        });

        Assert.Equal(4, result.Failures!.Count());
        Assert.DoesNotContain("hunter2", result.FailureMessage, StringComparison.Ordinal);
        Assert.Contains("ClusterName is 'a b'", result.FailureMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void Redis_WithoutConfiguration_IsNotUsedAndNotChecked()
        => Assert.True(new StickyRedisOptionsValidator().Validate(null, new StickyRedisOptions { ClusterName = "" }).Skipped);
}
