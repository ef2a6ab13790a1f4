using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Benchmarks.Scale;

/// <summary>What membership costs when there are many nodes: scripts, bytes and memory, and how fast a change reaches all.</summary>
internal static class NodesBenchmark
{
    private const int JoinAtOnce = 50;

    private static readonly TimeSpan GiveUp = TimeSpan.FromMinutes(2);

    /// <summary>Takes <c>[nodes] [seconds of the steady state]</c>.</summary>
    public static async Task RunAsync(string[] settings)
    {
        var count = settings.Length > 0 ? int.Parse(settings[0], CultureInfo.InvariantCulture) : 1000;
        var steady = TimeSpan.FromSeconds(settings.Length > 1 ? int.Parse(settings[1], CultureInfo.InvariantCulture) : 30);

        await using var redis = await RedisServer.StartAsync();
        await using var cluster = new SimulatedCluster(redis.Configuration);
        var nodes = Enumerable.Range(0, count).Select(_ => cluster.NewNode()).ToList();
        var heapBefore = GC.GetTotalMemory(forceFullCollection: true);

        // 1. They join, so many at once, and become active all at once. All views are made and read in this one process.
        await MeasureAsync(redis, $"{count} nodes join, {JoinAtOnce} at once", async () =>
        {
            foreach (var group in nodes.Chunk(JoinAtOnce))
            {
                await Task.WhenAll(group.Select(node => node.JoinAsync()));
            }
        }, () => nodes.All(node => node.View.Nodes.Length == count));
        await MeasureAsync(redis, $"{count} nodes become active at once", () => Task.WhenAll(nodes.Select(node => node.AnnounceAsync(NodeState.Active))),
            () => nodes.All(node => node.View.Nodes.All(other => other.State == NodeState.Active)));

        // 2. Nothing happens.
        await Task.Delay(3 * cluster.Options.BeatInterval);
        var before = await redis.UseAsync();
        await Task.Delay(steady);
        Console.WriteLine($"steady state, {steady.TotalSeconds} s: {await redis.UseAsync() - before}");
        var heap = GC.GetTotalMemory(forceFullCollection: true) - heapBefore;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"heap of a node, its view and all else of its membership: {heap / count / 1024.0:0} KB"));

        // 3. One change after the other.
        var last = nodes[^1];
        nodes.Remove(last);
        await MeasureAsync(redis, "one node drains", () => last.AnnounceAsync(NodeState.Draining),
            () => nodes.All(node => node.View.Find(last.Membership.Self.Tag)?.State == NodeState.Draining));
        await MeasureAsync(redis, "one node leaves", last.LeaveAsync, () => nodes.All(node => node.View.Nodes.Length == count - 1));
        var late = cluster.NewNode();
        await MeasureAsync(redis, "one node joins", async () =>
        {
            await late.JoinAsync();
            nodes.Add(late);
        }, () => nodes.All(node => node.View.Nodes.Length == count));
        await late.AnnounceAsync(NodeState.Active);
        await Task.Delay(3 * cluster.Options.BeatInterval);
        var crashed = nodes[^2];
        var crashedTag = crashed.Membership.Self.Tag;
        nodes.Remove(crashed);
        await crashed.CrashAsync();
        await MeasureAsync(redis, "one node crashes and one other suspects it", () => nodes[0].Membership.SuspectAsync(crashedTag, CancellationToken.None),
            () => nodes.All(node => node.View.Find(crashedTag) is null));
        crashed = nodes[^2];
        crashedTag = crashed.Membership.Self.Tag;
        nodes.Remove(crashed);
        await crashed.CrashAsync();
        await MeasureAsync(redis, "one node crashes and all suspect it", () => Task.WhenAll(nodes.Select(node => node.Membership.SuspectAsync(crashedTag, CancellationToken.None))),
            () => nodes.All(node => node.View.Find(crashedTag) is null));

        // 4. A tenth crashes, and nobody is suspected: their leases end.
        var dead = nodes[..(count / 10)];
        nodes.RemoveRange(0, dead.Count);
        await Task.WhenAll(dead.Select(node => node.CrashAsync()));
        await EventuallyAsync(() => nodes.Any(node => node.View.Nodes.Length < nodes.Count + dead.Count));
        await MeasureAsync(redis, $"{dead.Count} leases end, from the first view that shows it", () => Task.CompletedTask, () => nodes.All(node => node.View.Nodes.Length == nodes.Count), rest: TimeSpan.Zero);

        // 5. Redis loses everything.
        var versions = nodes.Max(node => node.View.Version);
        await MeasureAsync(redis, "FLUSHALL, until all follow the rebuilt view", () => redis.Server.FlushAllDatabasesAsync(),
            () => nodes.All(node => node.View.Version > versions && node.View.Nodes.Length == nodes.Count));

        MeasureView(nodes[0].View);
        MeasureCandidate(nodes[0].View);
        await Task.WhenAll(nodes.Select(node => node.CrashAsync()));
    }

    private static async Task MeasureAsync(RedisServer redis, string what, Func<Task> change, Func<bool> isDone, TimeSpan? rest = null)
    {
        await Task.Delay(rest ?? TimeSpan.FromSeconds(3));
        var before = await redis.UseAsync();
        var began = Stopwatch.GetTimestamp();
        var changing = change();
        await EventuallyAsync(isDone);
        var took = Stopwatch.GetElapsedTime(began);
        var use = await redis.UseAsync() - before;
        await changing;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: all know after {took.TotalSeconds:0.00} s; {use.Scripts} scripts, {use.BytesOut / 1024} KB out, Redis {use.CpuSeconds:0.00} s of CPU"));
    }

    private static async Task EventuallyAsync(Func<bool> isDone)
    {
        var began = Stopwatch.GetTimestamp();
        while (!isDone())
        {
            if (Stopwatch.GetElapsedTime(began) > GiveUp)
            {
                Console.WriteLine($"given up after {GiveUp}");
                return;
            }

            await Task.Delay(10);
        }
    }

    /// <summary>What a node keeps of the others, made of an answer of its own as at each node of a real cluster.</summary>
    private static void MeasureView(ClusterView view)
    {
        const int Copies = 20;
        var copies = new (KnownView Known, ClusterView View)[Copies];
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var began = Stopwatch.GetTimestamp();
        for (var copy = 0; copy < Copies; copy++)
        {
            RedisResult[] entries = [.. view.Nodes.SelectMany(node => new[] { RedisResult.Create((RedisValue)node.Tag.ToString()), RedisResult.Create((RedisValue)NodeEntry.Format(node)) })];
            var known = KnownView.None.With(new BeatAnswer(BeatOutcome.Ok, Tag: "", IsFull: true, Entries: entries));
            copies[copy] = (known, known.ToView(self: null));
        }

        var took = Stopwatch.GetElapsedTime(began) / Copies;
        var heap = (GC.GetTotalMemory(forceFullCollection: true) - before) / Copies;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"heap of the view of {view.Nodes.Length} nodes alone: {heap / 1024.0:0} KB; to read it as a whole: {took.TotalMilliseconds:0.0} ms"));
        GC.KeepAlive(copies);
    }

    private static void MeasureCandidate(ClusterView view)
    {
        const int Sessions = 2_000;
        var orphans = Enumerable.Range(0, Sessions).Select(_ => SessionId.New()).ToArray();
        var began = 0L;
        foreach (var repeat in Enumerable.Range(0, 5))
        {
            began = Stopwatch.GetTimestamp();
            foreach (var orphan in orphans)
            {
                Rendezvous.Candidate(view, orphan, default);
            }
        }

        var took = Stopwatch.GetElapsedTime(began) / Sessions;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the candidate of an orphan among {view.Nodes.Length} nodes: {took.TotalMicroseconds:0.0} us"));
    }
}
