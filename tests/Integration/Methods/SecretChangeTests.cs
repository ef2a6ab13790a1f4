using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>The cluster's secret changes as its documentation says: accepted, then used, then the old one removed.</summary>
public sealed class SecretChangeTests(GarnetServerFixture garnet)
{
    private const string Old = "the old secret of the cluster, long enough";
    private const string New = "the new secret of the cluster, long enough";
    private const string Cookie = "APPSESSION";

    private string[] _secrets = [Old];

    [Theory]
    [InlineData(StickyMethod.Insert)]
    [InlineData(StickyMethod.Rewrite)]
    [InlineData(StickyMethod.Learn)]
    public async Task Secret_Changed_SessionsGoOn(StickyMethod method)
    {
        await using var cluster = await StartAsync(method);
        var begun = await Task.WhenAll(Enumerable.Range(0, 9).Select(i => cluster.GetAsync(i % 3, $"/give?value=user-{i}")));

        foreach (var secrets in new[] { new[] { Old, New }, [New, Old] })
        {
            Change(cluster, secrets);
            foreach (var reply in begun)
            {
                for (var node = 0; node < 3; node++)
                {
                    // Given out again: the token stays that of the session it has been in.
                    var answer = await cluster.GetAsync(node, $"/give?value={reply.Body}", ("Cookie", reply.Cookies));
                    Assert.Equal((reply.Owner, reply.Session), (answer.Owner, answer.Session));
                }
            }
        }

        var renewed = await cluster.GetAsync(1, "/give?value=newcomer");
        Change(cluster, [New]);
        Assert.Equal(renewed.Session, (await cluster.GetAsync(2, "/who", ("Cookie", renewed.Cookies))).Session);
    }

    [Fact]
    public async Task Secret_Changed_RewrittenTokensAreSignedByTheNewOne()
    {
        await using var cluster = await StartAsync(StickyMethod.Rewrite);
        var begun = await cluster.GetAsync(0, "/give?value=abc");
        Change(cluster, [Old, New]);
        Change(cluster, [New, Old]);
        var again = await cluster.GetAsync(1, "/give?value=abc", ("Cookie", begun.Cookies));
        Change(cluster, [New]);

        Assert.Equal((begun.Owner, begun.Session), Who(await cluster.GetAsync(2, "/who", ("Cookie", again.Cookies))));
    }

    /// <summary>A home is found without asking anybody, so a new secret means a new home; all nodes find the same one.</summary>
    [Fact]
    public async Task Secret_Changed_HashedSessionsBeginAnewAtOneNode()
    {
        await using var cluster = await StartAsync(StickyMethod.Hash);
        var before = await cluster.GetAsync(0, "/who", ("Cookie", $"{Cookie}=abc"));
        Change(cluster, [Old, New]);
        Assert.Equal(before.Session, (await cluster.GetAsync(1, "/who", ("Cookie", $"{Cookie}=abc"))).Session);
        Change(cluster, [New, Old]);

        var after = new List<(string, string)>();
        for (var node = 0; node < 3; node++)
        {
            after.Add(Who(await cluster.GetAsync(node, "/who", ("Cookie", $"{Cookie}=abc"))));
        }

        Assert.NotEqual(before.Session, Assert.Single(after.Distinct()).Item2);
    }

    private static (string Owner, string Session) Who(Reply reply) => (reply.Owner, reply.Session);

    private void Change(ProbedCluster cluster, string[] secrets)
    {
        _secrets = secrets;
        foreach (var node in cluster.Nodes.Nodes)
        {
            ((IConfigurationRoot)node.Services.GetRequiredService<IConfiguration>()).Reload();
            Assert.True(node.Services.GetRequiredService<IClusterKeys>().Current.HasSameKeysAs(
                new KeyRing(Key(secrets[0]), secrets.Skip(1).Select(Key))), string.Create(CultureInfo.InvariantCulture, $"{secrets.Length} secrets are in use"));
        }
    }

    private static ClusterKey Key(string secret) => new(System.Text.Encoding.UTF8.GetBytes(secret));

    private Task<ProbedCluster> StartAsync(StickyMethod method)
        => ProbedCluster.StartAsync(
            garnet,
            policy =>
            {
                policy.Method = method;
                if (method != StickyMethod.Insert)
                {
                    policy.Sources.Add(StickyTokenSourceOptions.Cookie(Cookie));
                }
            },
            app =>
            {
                app.MapGet("/who", () => "you");
                app.MapGet("/give", (Microsoft.AspNetCore.Http.HttpContext context, string value) =>
                {
                    context.Response.Cookies.Append(Cookie, value);
                    return value;
                });
            },
            options =>
            {
                var configure = options.ConfigureSticky;
                return options with
                {
                    ConfigureSticky = sticky =>
                    {
                        configure(sticky);
                        sticky.ConfigureKeys(keys =>
                        {
                            keys.Secret = _secrets[0];
                            keys.AcceptedSecrets.Clear();
                            foreach (var accepted in _secrets.Skip(1))
                            {
                                keys.AcceptedSecrets.Add(accepted);
                            }
                        });
                    },
                };
            });
}
