using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.State;

/// <summary>What requests cost a real Redis, as it counts itself.</summary>
public sealed class StateScriptsTests
{
    private const int Requests = 50;

    [Fact]
    public async Task RequestThatChanged_CostsOneScript_AndOneThatOnlyReadWhatIsStoredNone()
    {
        await using var server = await RedisServerProcess.StartOrSkipAsync();
        await using var cluster = StateApplication.Cluster(
            server.Configuration, sticky => sticky.ConfigurePolicy(policy => policy.Durability = SessionDurability.BeforeResponse));
        var node = Assert.Single(await cluster.StartAsync("web-1"));
        using var client = new StateClient();
        await client.PutAsync(node, "/values/name/Ada"); // the first one makes the record, and asks Redis for the time
        await using var counter = await ScriptCounter.ConnectAsync(server);

        Assert.Equal(Requests, await ScriptsAsync(counter, number => client.PutAsync(node, $"/values/name/{number}")));
        Assert.Equal(Requests, await ScriptsAsync(counter, number => client.PostAsync(node, $"/basket/item-{number}")));
        Assert.Equal(0, await ScriptsAsync(counter, _ => client.GetAsync(node, "/values/name")));
        Assert.Equal(0, await ScriptsAsync(counter, _ => client.GetAsync(node, "/basket")));
        Assert.Equal(0, await ScriptsAsync(counter, _ => client.PutAsync(node, $"/values/name/{Requests - 1}"))); // as it is
    }

    /// <returns>How many scripts ran besides the beats of the node.</returns>
    private static async Task<long> ScriptsAsync(ScriptCounter counter, Func<int, Task<string>> askAsync)
    {
        var before = await counter.ReadAsync();
        for (var number = 0; number < Requests; number++)
        {
            await askAsync(number);
        }

        var ran = await counter.ReadAsync() - before;
        return ran.Scripts - ran.Beats;
    }
}
