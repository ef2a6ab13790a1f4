using StickySessions.Cluster;
using StickySessions.Redis;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>Who follows the changes knows the same as who reads all: random histories of joins, changes, leaves and losses.</summary>
public abstract class ViewDeltasTests(IRedisServer server) : RedisTestBase
{
    protected override Task<string> ConfigurationAsync() => server.ConfigurationAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Deltas_OfARandomHistory_EqualTheFullView(int seed)
    {
        var random = new Random(seed);
        await using var redis = new RedisConnections(Microsoft.Extensions.Options.Options.Create(Cluster.Options));
        var script = new RedisBeat(redis, Cluster.Options);
        var members = new List<Member>();
        for (var step = 0; step < 150; step++)
        {
            var what = random.Next(10);
            if (members.Count < 2 || what == 0)
            {
                members.Add(await Member.JoinAsync(script, $"web-{step}"));
            }
            else if (what == 1)
            {
                var leaving = members[random.Next(members.Count)];
                members.Remove(leaving);
                await leaving.BeatAsync(NodeState.Gone);

                // A node that leaves waits until one knows it: else a flush right then would keep it until its lease ends.
                await members[random.Next(members.Count)].BeatAsync(NodeState.Active);
            }
            else if (what == 2 && step % 3 == 0)
            {
                await redis.Beats.GetDatabase().KeyDeleteAsync(ViewKeys.All(redis));
            }
            else
            {
                await members[random.Next(members.Count)].BeatAsync(what < 6 ? NodeState.Active : NodeState.Draining);
            }
        }

        // Twice: the first beat of the last one may rebuild what the first one has not seen yet.
        foreach (var member in members.Concat(members))
        {
            await member.BeatAsync(NodeState.Active);
        }

        foreach (var member in members)
        {
            await member.BeatAsync(NodeState.Active);
        }

        var full = KnownView.None.With(await script.SendAsync(new BeatQuestion(BeatMode.Look, KnownView.None, "", "", false, true)));
        Assert.Equal(members.Select(member => member.Tag).Order(ByText), full.Live.Select(node => node.Tag).Order(ByText));
        foreach (var member in members)
        {
            Assert.Equal(full.Version, member.Known.Version);
            Assert.Equal(full.Generation, member.Known.Generation);
            Assert.Equal(Lines(full), Lines(member.Known));
        }
    }

    private static Comparer<NodeTag> ByText { get; } =
        Comparer<NodeTag>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()));

    private static string[] Lines(KnownView view)
        => [.. view.Entries.Select(pair => $"{pair.Key} {pair.Value}").Order(StringComparer.Ordinal)];

    private sealed class Member(RedisBeat script, Node node, KnownView known)
    {
        public KnownView Known { get; private set; } = known;

        public NodeTag Tag => node.Tag;

        public static async Task<Member> JoinAsync(RedisBeat script, string name)
        {
            var node = new Node { Tag = default, Name = name, Address = new Uri($"http://{name}.test/") };
            var look = await script.SendAsync(new BeatQuestion(BeatMode.Look, KnownView.None, "", "", false, true));
            var known = look.Outcome == BeatOutcome.Empty ? KnownView.None : KnownView.None.With(look);
            var join = await script.SendAsync(
                new BeatQuestion(BeatMode.Join, known, $"{Random.Shared.Next():x8}", NodeEntry.Format(node), false, true));
            Assert.Equal(BeatOutcome.Ok, join.Outcome);
            Assert.True(NodeTag.TryParse(join.Tag, out var tag));
            return new Member(script, node with { Tag = tag }, known.With(join));
        }

        public async Task BeatAsync(NodeState state)
        {
            var question = new BeatQuestion(BeatMode.Beat, Known, Tag.ToString(), NodeEntry.Format(node with { State = state }), false, false);
            var answer = await script.SendAsync(question);
            if (answer.Outcome == BeatOutcome.ViewWanted)
            {
                answer = await script.SendAsync(question with { WithView = true });
            }

            Assert.Equal(BeatOutcome.Ok, answer.Outcome);
            Known = Known.With(answer);
        }
    }
}
