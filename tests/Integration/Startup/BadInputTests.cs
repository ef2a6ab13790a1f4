using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Startup;

/// <summary>What cannot work is said at start: once, with the value, where it stands, and what to do.</summary>
public sealed class BadInputTests(GarnetServerFixture garnet)
{
    private const string Secret = "a secret of at least 32 characters";

    [Fact]
    public void UseStickySessions_WithoutAddStickySessions_NamesTheCall()
    {
        using var app = WebApplication.CreateSlimBuilder().Build();

        var failure = Assert.Throws<InvalidOperationException>(() => app.UseStickySessions());

        Assert.Contains("builder.Services.AddStickySessions()", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>The columns: key, value, and the remedy, of which a few words will do.</summary>
    [Theory]
    [InlineData("Node:Name", "web 1", "Use 1 to 64 of letters")]
    [InlineData("Node:PublicAddress", "ftp://10.0.0.5", "Use an address like http://10.0.0.5:8080")]
    [InlineData("Interconnect:Url", "6001", "http://10.0.0.5:6001")]
    [InlineData("Interconnect:Url", "http://web-1:6001", "the host is an IP address")]
    [InlineData("Interconnect:AdvertisedUrl", "web-1", "http://web-1:6001")]
    [InlineData("Static:Nodes:web-2", "10.0.0.2:6001", "http://10.0.0.5:6001")]
    [InlineData("Policy:Cookie:Name", "my session", "use letters, digits")]
    [InlineData("Policy:IdleTimeout", "00:00:00", "choose 00:00:01 to")]
    [InlineData("Redis:ClusterName", "a/b", "Use 1 to 64 of letters")]
    [InlineData("Forwarding:MaxInFlightPerNode", "0", "between 1 and")]
    // Not what an option of this type can be at all.
    [InlineData("Node:Weight", "heavy", "remove it for its default")]
    [InlineData("Forwarding:PingInterval", "often", "remove it for its default")]
    [InlineData("Policy:Cookie:SameSite", "Sometimes", "remove it for its default")]
    [InlineData("Diagnostics:ResponseHeader", "sometimes", "remove it for its default")]
    public async Task Option_Wrong_IsNamedWithValueAndRemedy(string key, string value, string remedy)
    {
        var sticky = new Dictionary<string, string?> { ["Redis:Configuration"] = "127.0.0.1:1", ["Keys:Secret"] = Secret, [key] = value };

        var failure = await TestApp.FailToStartAsync(new TestAppSetup { Sticky = sticky });

        AssertSays(failure, $"StickySessions:{key}", value, remedy);
    }

    [Fact]
    public async Task Options_SeveralWrong_AreAllInOneFailure()
    {
        var failure = await TestApp.FailToStartAsync(new TestAppSetup { Sticky = SeveralWrong() });

        AssertSaysAllThatIsWrong(failure);
    }

    /// <summary>Here the pipeline is built late, after the host has made its services.</summary>
    [Fact]
    public async Task Options_SeveralWrongInAnApplicationWithoutTheMiddleware_AreAllInOneFailure()
    {
        var builder = WebApplication.CreateSlimBuilder();
        foreach (var (key, value) in SeveralWrong())
        {
            builder.Configuration[$"StickySessions:{key}"] = value;
        }

        builder.Logging.ClearProviders();
        builder.Services.AddStickySessions();
        await using var app = builder.Build();

        var failure = await Assert.ThrowsAnyAsync<Exception>(() => app.StartAsync(TestContext.Current.CancellationToken));

        AssertSaysAllThatIsWrong(failure);
    }

    [Fact]
    public async Task Secret_MissingInAStaticCluster_IsSaid()
    {
        var failure = await TestApp.FailToStartAsync(new TestAppSetup
        {
            Sticky = new()
            {
                ["Node:Name"] = "web-1",
                ["Static:Nodes:web-1"] = "http://127.0.0.1:6001",
                ["Static:Nodes:web-2"] = "http://127.0.0.1:6002",
            },
        });

        AssertSays(failure, "StickySessions:Keys:Secret is not set", "\"web-2\"", "Set the same secret, at least 32 characters, on all nodes");
    }

    [Fact]
    public async Task Secrets_InWrongOptions_AreNotRepeated()
    {
        var failure = await TestApp.FailToStartAsync(new TestAppSetup
        {
            Sticky = new()
            {
                ["Keys:Secret"] = "hunter2",
                ["Keys:AcceptedSecrets:0"] = "hunter3",
                ["Redis:Configuration"] = "redis:6379,password=hunter4,nonsense=1",
            },
        });

        AssertSays(failure, "StickySessions:Keys:Secret", "StickySessions:Keys:AcceptedSecrets:0", "StickySessions:Redis:Configuration");
        Assert.DoesNotContain("hunter", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interconnect_PortInUse_IsSaid()
    {
        await using var first = await TestApp.StartAsync(new TestAppSetup());
        var taken = first.Addresses[0];

        var failure = await TestApp.FailToStartAsync(new TestAppSetup { Sticky = new() { ["Interconnect:Url"] = taken } });

        AssertSays(failure, $"'{taken}'", "in use", "Set StickySessions:Interconnect:Url to a free port, or to port 0");
    }

    [Fact]
    public async Task NodeName_UsedTwiceInRedis_StopsTheSecond()
    {
        var sticky = await OnRedisAsync();
        await using var first = await TestApp.StartAsync(new TestAppSetup { Sticky = sticky });

        var failure = await TestApp.FailToStartAsync(new TestAppSetup { Sticky = sticky });

        AssertSays(failure, "StickySessions:Node:Name is 'web-1'", "another running process", "Give each process a name of its own");
        Assert.Equal(HttpStatusCode.OK, (await first.GetAsync("/ready")).Status);
    }

    [Fact]
    public Task NodeName_UsedTwiceInAStaticCluster_StopsTheSecond()
        => FreePort.RetryAsync(async () =>
        {
            var sticky = new Dictionary<string, string?>
            {
                ["Node:Name"] = "web-1",
                ["Keys:Secret"] = Secret,
                ["Static:Nodes:web-1"] = $"http://127.0.0.1:{FreePort.Next()}",
                ["Static:Nodes:web-2"] = $"http://127.0.0.1:{FreePort.Next()}",
            };
            await using var first = await TestApp.StartAsync(new TestAppSetup { Sticky = sticky });

            // As on another machine, where the port is free.
            var second = new Dictionary<string, string?>(sticky) { ["Interconnect:Url"] = "http://127.0.0.1:0" };
            var failure = await TestApp.FailToStartAsync(new TestAppSetup { Sticky = second });

            AssertSays(failure, "StickySessions:Node:Name is 'web-1'", sticky["Static:Nodes:web-1"]!, "Give each process a name of its own");
            return true;
        });

    [Fact]
    public async Task AdvertisedAddress_ThatNobodyCanReach_DegradesWithTheRemedy()
    {
        var nowhere = $"http://127.0.0.1:{FreePort.Next()}/";
        var sticky = await OnRedisAsync();
        sticky["Interconnect:AdvertisedUrl"] = nowhere;
        await using var app = await TestApp.StartAsync(new TestAppSetup { Sticky = sticky });

        Answer? seen = null;
        await Eventually.Async(
            async () => (seen = await app.GetAsync("/ready")).Body.StartsWith("Degraded", StringComparison.Ordinal), "the health says Degraded");

        Assert.Equal(HttpStatusCode.OK, seen!.Status);
        Assert.Contains(nowhere, seen.Body, StringComparison.Ordinal);
        Assert.Contains("Set StickySessions:Interconnect:AdvertisedUrl", seen.Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/session")).Status);
    }

    [Fact]
    public async Task Cluster_WithoutInterconnectAndPublicAddress_IsSaid()
    {
        var sticky = await OnRedisAsync();
        sticky.Remove("Interconnect:Url");
        sticky["Interconnect:Enabled"] = "false";

        var failure = await TestApp.FailToStartAsync(new TestAppSetup { Sticky = sticky });

        AssertSays(failure, "StickySessions:Interconnect:Enabled is false", "StickySessions:Node:PublicAddress");
    }

    private static Dictionary<string, string?> SeveralWrong() => new()
    {
        ["Node:Name"] = "web 1",
        ["Node:Weight"] = "0",
        ["Interconnect:Url"] = "nowhere",
        ["Forwarding:ConnectTimeout"] = "soon",
        ["Keys:Secret"] = "short",
        ["Policy:AbsoluteTimeout"] = "00:01:00",
        ["Redis:Configuration"] = "localhost",
        ["Redis:Lease"] = "00:00:00.5",
        ["Static:Nodes:web-2"] = "nobody",
    };

    private static void AssertSaysAllThatIsWrong(Exception failure)
        => AssertSays(failure, [.. SeveralWrong().Keys.Where(key => key != "Redis:Configuration").Select(key => $"StickySessions:{key}")]);

    private static void AssertSays(Exception failure, params string[] words)
        => Assert.All(words, word => Assert.Contains(word, failure.Message, StringComparison.Ordinal));

    private async Task<Dictionary<string, string?>> OnRedisAsync() => new()
    {
        ["Node:Name"] = "web-1",
        ["Interconnect:Url"] = "http://127.0.0.1:0",
        ["Keys:Secret"] = Secret,
        ["Redis:Configuration"] = await garnet.ConfigurationAsync(),
        ["Redis:ClusterName"] = $"startup-{Guid.NewGuid():N}",
        ["Redis:BeatInterval"] = "00:00:00.200",
    };
}
