using System.Globalization;
using System.Net;
using System.Net.Sockets;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Chaos.Network;

/// <summary>Whether packets are dropped and pass again, and those of others are left alone. A program of its own, to be run in a private network.</summary>
internal static class DroppedPacketsCheck
{
    public const string Command = "check-dropped-packets";

    private static readonly IPAddress Cut = IPAddress.Parse("127.77.0.1");
    private static readonly IPAddress Whole = IPAddress.Parse("127.77.0.2");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task<int> RunAsync()
    {
        try
        {
            await CheckAsync().WaitAsync(Patience);
            return 0;
        }
        catch (Exception failure)
        {
            Console.Error.WriteLine(failure);
            return 1;
        }
    }

    private static async Task CheckAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var before = await ConnectAsync(listener, Cut);
        using var atServer = await listener.AcceptSocketAsync();
        using var elsewhere = await ConnectAsync(listener, Whole);
        using var elsewhereAtServer = await listener.AcceptSocketAsync();
        await using var another = await DroppedPackets.StartAsync(["--source 127.77.0.3"]);

        Task<Socket> during;
        await using (await DroppedPackets.StartAsync([$"--source {Cut}", $"--destination {Cut}"]))
        {
            Assert.Equal(3, (await RulesAsync()).Count);
            await before.SendAsync(new byte[] { 1 });
            await elsewhere.SendAsync(new byte[] { 2 });
            Assert.Equal(2, await ReceiveAsync(elsewhereAtServer));

            during = ConnectAsync(listener, Cut);
            await Eventually.Async(async () => (await RulesAsync()).Sum(Dropped) >= 2, "what was sent and the new connection are dropped", Patience);
            Assert.Equal(0, atServer.Available);
            Assert.False(during.IsCompleted);
            Assert.False(listener.Pending());
        }

        // It was the kernel that lost them, and it sends them again.
        Assert.Equal(1, await ReceiveAsync(atServer));
        (await during).Dispose();
        Assert.Contains("127.77.0.3", Assert.Single(await RulesAsync()));
    }

    private static async Task<Socket> ConnectAsync(TcpListener listener, IPAddress from)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(from, 0));
        await socket.ConnectAsync(listener.LocalEndpoint);
        return socket;
    }

    private static async Task<byte> ReceiveAsync(Socket socket)
    {
        var received = new byte[1];
        await socket.ReceiveAsync(received);
        return received[0];
    }

    private static async Task<IReadOnlyList<string>> RulesAsync()
    {
        var list = await FinishedProcess.RunAsync("iptables", ["--wait", "--list", "INPUT", "--numeric", "--verbose", "--exact"]);
        return [.. list.Output.Split('\n').Where(line => line.Contains("DROP", StringComparison.Ordinal))];
    }

    /// <summary>How many packets a rule has dropped, which is the first number of its line.</summary>
    private static int Dropped(string rule)
        => int.Parse(rule.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture);
}
