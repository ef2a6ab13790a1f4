using System.Collections.Concurrent;
using System.Net;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Performance;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>Many sessions begin at the same moment, at all nodes; of each there may be one.</summary>
[Collection(nameof(Alone))]
public sealed class MethodStressTests(GarnetServerFixture garnet)
{
    private const int Sessions = 200;
    private const int Requests = 12;

    [Theory]
    [InlineData(true, null)]
    [InlineData(true, 1.0)]
    [InlineData(false, null)]
    public async Task FirstRequestsOfHashedSessions_AtAllNodes_MeetAtOneNodeEach(bool inRedis, double? loadFactor)
    {
        await using var cluster = await StartAsync(inRedis, TokenCluster.ByUser(loadFactor: loadFactor));

        await AssertOneOwnerEachAsync(cluster, _ => Task.CompletedTask);
    }

    /// <summary>The nodes do not learn of a new one at the same moment, and so do not agree on the homes of some sessions for a while.</summary>
    [Fact]
    public async Task FirstRequestsOfHashedSessions_WhileANodeJoins_MeetAtOneNodeEach()
    {
        await using var cluster = await StartAsync(inRedis: true, TokenCluster.ByUser());

        await AssertOneOwnerEachAsync(cluster, i => i == Sessions / 4 ? cluster.StartAsync("web-4") : Task.CompletedTask);
    }

    [Theory]
    [InlineData(StickyMethod.Learn, true)]
    [InlineData(StickyMethod.Learn, false)]
    [InlineData(StickyMethod.Rewrite, true)]
    public async Task TokensThatNobodyKnows_AtAllNodes_MeetAtOneNodeEach(StickyMethod method, bool inRedis)
    {
        await using var cluster = await StartAsync(inRedis, TokenCluster.ByCookie(method));

        await AssertOneOwnerEachAsync(cluster, _ => Task.CompletedTask);
    }

    private static async Task AssertOneOwnerEachAsync(TokenCluster cluster, Func<int, Task> meanwhileAsync)
    {
        var split = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(Enumerable.Range(0, Sessions), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
        {
            var nodes = cluster.Nodes;
            var meanwhile = meanwhileAsync(i);
            var answers = await Task.WhenAll(Enumerable.Range(0, Requests).Select(request => cluster.GetAsync(
                nodes[request % nodes.Length], "/owner", $"{ApplicationWithTokens.Cookie}=of-user-{i}", $"user-{i}")));
            Assert.All(answers, answer => Assert.True(answer.Status == HttpStatusCode.OK, answer.Body));
            var owners = answers.Select(answer => answer.Body).Distinct().Order().ToArray();
            if (owners.Length > 1)
            {
                split.Add($"user-{i}: {string.Join(", ", owners)}");
            }

            await meanwhile;
        });

        Assert.Empty(split);
    }

    private async Task<TokenCluster> StartAsync(bool inRedis, Action<StickyPolicyOptions> policy)
        => await TokenCluster.StartAsync(inRedis ? await garnet.ConfigurationAsync() : null, policy);
}
