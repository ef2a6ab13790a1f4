using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.State;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.State;

/// <summary>Nodes that are restarted one after the other: a session goes to the node that has just said that it is another one's.</summary>
public sealed class HandedBackTests
{
    [Fact]
    public async Task RequestWithTheTokenOfAGoneOwner_WhileItsSessionGoesToTheNodeThatWasAskedFirst_FollowsIt()
    {
        await using var cluster = StateApplication.Cluster(redis: null, sticky =>
        {
            sticky.Services.AddSingleton<Arrivals>();
            sticky.Services.AddSingleton<IStartupFilter, CountsArrivals>();
        });
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var clients = Enumerable.Range(0, 30).Select(_ => new StateClient()).ToArray();
        var sessions = new Dictionary<StateClient, HeldSession>();
        foreach (var client in clients)
        {
            var known = nodes[0].Held.All().ToHashSet();
            await client.PostAsync(nodes[0], "/basket/apple");
            sessions.Add(client, nodes[0].Held.All().Single(session => !known.Contains(session)));
        }

        var gone = nodes[0].Services.GetRequiredService<IClusterMembership>().Self.Tag;
        await nodes[0].StopAsync();
        nodes = await cluster.StartAsync("web-1");
        var (others, back) = (nodes[..2], nodes[2]);

        // The node that has come back is the one that looks for this session's owner.
        var view = others[0].Services.GetRequiredService<IClusterMembership>().View;
        var next = view.Nodes.Single(node => node.Name == back.Name);
        var (shopper, id) = sessions.Select(pair => (pair.Key, pair.Value.Id)).First(pair => Rendezvous.Candidate(view, pair.Id, gone)?.Tag == next.Tag);
        var owner = others.Single(node => node.Held.Find(id) is not null);
        var ingress = others.Single(node => node != owner);
        var session = owner.Held.Find(id)!;

        // Its gate stays closed until the request has been sent on to its owner.
        Assert.True(session.TryEnter());
        var moving = owner.Services.GetRequiredService<SessionHandOff>().MoveAsync(session, next, TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await Eventually.Async(() => session.IsMoving, "the gate is closed");
        var asked = shopper.GetAsync(ingress, "/basket");
        await Eventually.Async(() => owner.Services.GetRequiredService<Arrivals>().Count > 0, "the request waits at the owner");
        owner.Held.Exit(session);

        Assert.True(await moving);
        Assert.Equal("apple", await asked);
        Array.ForEach(clients, client => client.Dispose());
    }

    private sealed class Arrivals
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public void Add() => Interlocked.Increment(ref _count);
    }

    private sealed class CountsArrivals(Arrivals arrivals) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, pipeline) =>
            {
                arrivals.Add();
                return pipeline(context);
            });
            next(app);
        };
    }
}
