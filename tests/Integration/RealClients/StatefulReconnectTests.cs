using System.Net;
using Microsoft.AspNetCore.Http.Connections;
using StickySessions.Tests.Integration.Chaos.Network;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>SignalR's stateful reconnect: what was under way when a connection broke is sent again over the next one.</summary>
[Collection(nameof(RealClientTests))]
public sealed class StatefulReconnectTests(SharedClientApps apps)
{
    private const int Cuts = 20;
    private const int MessagesPerCut = 15;

    [Theory]
    [InlineData(Spraying.Connections, false)]
    [InlineData(Spraying.Connections, true)]
    [InlineData(Spraying.Requests, false)]
    [InlineData(Spraying.Requests, true)]
    public async Task Connection_CutAgainAndAgain_LosesNothing(Spraying spraying, bool isMessagePack)
    {
        var address = await (await apps.StickyAsync()).AddressAsync(spraying);
        var link = new Link();
        var connections = 0;
        await using var cutter = new Cutter(PortOfThisRun.Next(), () => address.Port, _ =>
        {
            Interlocked.Increment(ref connections);
            return link;
        });
        cutter.Open();

        var cutAddress = new Uri($"http://127.0.0.1:{cutter.Port}");
        await using var connection = new ChatConnection(cutAddress, HttpTransportType.WebSockets, new CookieContainer(), isMessagePack, isStateful: true);
        await connection.StartAsync();
        var (id, before) = (connection.Id, connections);
        var answers = new List<int[]>();
        for (var cut = 1; cut <= Cuts; cut++)
        {
            var underWay = Enumerable.Range(0, MessagesPerCut).Select(_ => connection.SayAsync()).ToArray();
            await underWay[0];
            link.Reset();
            answers.AddRange(await Task.WhenAll(underWay));
            await Eventually.Async(() => connections >= before + cut, "the client connects again");
        }

        var numbers = Enumerable.Range(1, Cuts * MessagesPerCut).ToArray();
        Assert.Equal(numbers, answers.Select(answer => answer[0]).Order());
        Assert.Equal(numbers, await connection.HeardAsync(numbers.Length));
        Assert.Equal(id, connection.Id);
        Assert.Empty(connection.Troubles);
        Assert.Equal(before + Cuts, connections);
    }
}
