using System.Net;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>Cookies that carry a suffix: what becomes of it when the owner goes, and of cookies that are not what they were.</summary>
public sealed class RewrittenSessionTests(GarnetServerFixture garnet)
{
    public static TheoryData<bool> Directories => [true, false];

    [Theory]
    [MemberData(nameof(Directories))]
    public async Task OwnerThatDies_TheClientGetsTheSuffixOfItsHeir(bool inRedis)
    {
        await using var cluster = await StartAsync(inRedis);
        var first = (await cluster.GetAsync("web-2", "/cookie")).Cookie();
        await cluster.Named("web-2").KillAsync();
        await cluster.UntilAllSeeAsync("web-1", "web-3");

        var answer = await cluster.GetAsync("web-1", "/owner", first);

        var second = answer.Cookie();
        Assert.Equal(first.Split('~')[0], second.Split('~')[0]);
        Assert.NotEqual(first, second);
        Assert.Equal(answer.Body, await cluster.OwnerAsync(second));
        Assert.Empty((await cluster.GetAsync("web-3", "/owner", second)).SetCookies);
    }

    [Theory]
    [MemberData(nameof(Directories))]
    public async Task OldAndNewSuffix_AtTheSameMoment_MeetAtOneNode(bool inRedis)
    {
        await using var cluster = await StartAsync(inRedis);
        var olds = (await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => cluster.GetAsync("web-2", "/cookie")))).Select(answer => answer.Cookie()).ToArray();
        await cluster.Named("web-2").KillAsync();
        await cluster.UntilAllSeeAsync("web-1", "web-3");

        foreach (var old in olds)
        {
            var first = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => cluster.GetAsync(i % 2 == 0 ? "web-1" : "web-3", "/owner", old)));
            var owner = Assert.Single(first.Select(answer => answer.Body).Distinct());
            var both = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => cluster.GetAsync(i % 2 == 0 ? "web-1" : "web-3", "/owner", i < 4 ? old : first[0].Cookie())));
            Assert.All(both, answer => Assert.Equal((HttpStatusCode.OK, owner), (answer.Status, answer.Body)));
        }
    }

    /// <summary>A browser sends two of one name when their paths differ. The suffix belongs to one of them.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TwoCookiesOfOneName_OnlyTheOneThatIsBoundGetsANewSuffix(bool boundFirst)
    {
        await using var cluster = await StartAsync(inRedis: true);
        var first = (await cluster.GetAsync("web-2", "/cookie")).Cookie();
        var other = $"{ApplicationWithTokens.Cookie}=of-another-path";
        var both = boundFirst ? $"{first}; {other}" : $"{other}; {first}";
        Assert.Equal("web-2", await cluster.OwnerAsync(both));
        await cluster.Named("web-2").KillAsync();
        await cluster.UntilAllSeeAsync("web-1", "web-3");

        var answer = await cluster.GetAsync("web-1", "/owner", both);

        Assert.Equal(first.Split('~')[0], answer.Cookie().Split('~')[0]);
        Assert.Equal(answer.Body, await cluster.OwnerAsync(answer.Cookie()));
    }

    [Theory]
    [MemberData(nameof(Directories))]
    public async Task SessionThatIdledOut_BeginsAgainUnderItsTokenAtItsOwner(bool inRedis)
    {
        await using var cluster = await StartAsync(inRedis, policy => policy.IdleTimeout = policy.FirstRequestTimeout = TimeSpan.FromSeconds(1));
        foreach (var ingress in new[] { "web-1", "web-2", "web-3" })
        {
            var first = await cluster.GetAsync("web-2", "/cookie");
            await cluster.UntilForgottenAsync(cluster.IdOf(first.Cookie().Split('=')[1].Split('~')[0]));

            var again = await cluster.GetAsync(ingress, "/cookie", first.Cookie());

            Assert.Equal(("web-2", 2), (again.Seen().Owner, again.Seen().Count));
            Assert.Equal("web-2", await cluster.OwnerAsync(first.Cookie()));
        }
    }

    private async Task<TokenCluster> StartAsync(bool inRedis, Action<StickyPolicyOptions>? policy = null)
        => await TokenCluster.StartAsync(
            inRedis ? await garnet.ConfigurationAsync() : null, TokenCluster.ByCookie(StickyMethod.Rewrite) + (policy ?? (_ => { })));
}
