using System.Net;
using System.Net.Sockets;
using ShopCart.Cli;
using ShopCart.Cluster.Balancing;

namespace StickySessions.Tests.Integration.ShopCart;

public sealed class TcpBalancerTests : IAsyncDisposable
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    private readonly List<LetterServer> _servers = [];
    private TcpBalancer? _balancer;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_balancer is not null)
        {
            await _balancer.DisposeAsync();
        }

        _servers.ForEach(server => server.Dispose());
    }

    [Fact]
    public async Task RoundRobin_EachConnection_GoesToTheNextNode()
    {
        var balancer = Balance(BalancingMethod.RoundRobin, Server('a'), Server('b'), Server('c'));

        Assert.Equal("abcabc", await AskAsync(balancer, 6));
    }

    [Fact]
    public async Task RoundRobin_OneConnection_StaysAtItsNode()
    {
        var balancer = Balance(BalancingMethod.RoundRobin, Server('a'), Server('b'));
        using var client = await ConnectAsync(balancer);

        Assert.Equal('a', await EchoAsync(client, 'x'));
        Assert.Equal('b', await AskAsync(balancer));
        Assert.Equal('a', await EchoAsync(client, 'y'));
    }

    [Fact]
    public async Task SourceIp_OneAddress_GoesToOneNode()
    {
        var balancer = Balance(BalancingMethod.SourceIp, Server('a'), Server('b'), Server('c'));

        Assert.Single((await AskAsync(balancer, 6)).Distinct());
    }

    [Fact]
    public async Task SourceIp_ManyAddresses_UseAllNodes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has all of 127.0.0.0/8 on its loopback.");
        var balancer = Balance(BalancingMethod.SourceIp, Server('a'), Server('b'), Server('c'));

        var answers = new List<char>();
        for (byte i = 1; i <= 30; i++)
        {
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Bind(new IPEndPoint(new IPAddress([127, 0, 0, i]), 0));
            await client.ConnectAsync(balancer.Address, Cancelled);
            answers.Add(await EchoAsync(client, 'x'));
        }

        Assert.Equal(['a', 'b', 'c'], answers.Distinct().Order());
    }

    [Theory]
    [InlineData(nameof(BalancingMethod.RoundRobin))]
    [InlineData(nameof(BalancingMethod.SourceIp))]
    public async Task Connect_NodeThatRefuses_GoesToAnother(string method)
    {
        var servers = new[] { Server('a'), Server('b'), Server('c') };
        var balancer = Balance(Enum.Parse<BalancingMethod>(method), servers);
        var first = await AskAsync(balancer);

        servers.Single(server => server.Letter == first).Dispose();

        var answers = await AskAsync(balancer, 4);
        Assert.DoesNotContain(first, answers);
    }

    [Fact]
    public async Task Connect_NodeOutOfRotation_GetsNoNewConnectionButKeepsItsOld()
    {
        var backends = Backends(Server('a'), Server('b'));
        var balancer = Balance(BalancingMethod.RoundRobin, backends);
        using var old = await ConnectAsync(balancer);
        Assert.Equal('a', await EchoAsync(old, 'x'));

        backends[0].InRotation = false;

        Assert.Equal("bbbb", await AskAsync(balancer, 4));
        Assert.Equal('a', await EchoAsync(old, 'x'));

        backends[0].InRotation = true;
        Assert.Contains('a', await AskAsync(balancer, 2));
    }

    [Fact]
    public async Task Connect_NoNodeLeft_ClosesTheConnection()
    {
        var backends = Backends(Server('a'));
        backends[0].InRotation = false;
        var balancer = Balance(BalancingMethod.RoundRobin, backends);

        // The reset may be here before the connect has returned.
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            using var client = await ConnectAsync(balancer);
            await client.ReceiveAsync(new byte[1], Cancelled);
        });
    }

    [Fact]
    public async Task Relay_ClientHalfCloses_StillGetsTheWholeAnswer()
    {
        using var node = new TcpListener(AnyPort);
        node.Start();
        var balancer = Balance(BalancingMethod.RoundRobin, [new Backend((IPEndPoint)node.LocalEndpoint)]);
        using var client = await ConnectAsync(balancer);
        using var accepted = await node.AcceptSocketAsync(Cancelled);

        var request = new byte[300_000];
        Random.Shared.NextBytes(request);
        var sending = client.SendAsync(request, Cancelled);
        var received = await ReadToEndAsync(accepted, onEnd: async () =>
        {
            await sending;
            client.Shutdown(SocketShutdown.Send);
        }, expected: request.Length);
        Assert.Equal(request, received);

        // Only after the client has said its last does the node answer.
        await accepted.SendAsync(request, Cancelled);
        accepted.Shutdown(SocketShutdown.Send);
        Assert.Equal(request, await ReadToEndAsync(client));
    }

    [Fact]
    public async Task Relay_NodeResets_ClientSeesAResetAndNoEnd()
    {
        using var node = new TcpListener(AnyPort);
        node.Start();
        var balancer = Balance(BalancingMethod.RoundRobin, [new Backend((IPEndPoint)node.LocalEndpoint)]);
        using var client = await ConnectAsync(balancer);
        var accepted = await node.AcceptSocketAsync(Cancelled);
        await accepted.SendAsync(new byte[] { 1 }, Cancelled);
        Assert.Equal(1, await client.ReceiveAsync(new byte[1], Cancelled));

        accepted.LingerState = new LingerOption(enable: true, seconds: 0);
        accepted.Dispose();

        await Assert.ThrowsAsync<SocketException>(async () => await client.ReceiveAsync(new byte[1], Cancelled));
    }

    private static async Task<Socket> ConnectAsync(TcpBalancer balancer)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(balancer.Address, Cancelled);
        return client;
    }

    private static async Task<char> EchoAsync(Socket client, char question)
    {
        await client.SendAsync(new[] { (byte)question }, Cancelled);
        var answer = new byte[1];
        Assert.Equal(1, await client.ReceiveAsync(answer, Cancelled));
        return (char)answer[0];
    }

    private static async Task<char> AskAsync(TcpBalancer balancer)
    {
        using var client = await ConnectAsync(balancer);
        return await EchoAsync(client, 'x');
    }

    private static async Task<string> AskAsync(TcpBalancer balancer, int times)
    {
        var answers = new char[times];
        for (var i = 0; i < times; i++)
        {
            answers[i] = await AskAsync(balancer);
        }

        return new string(answers);
    }

    private static async Task<byte[]> ReadToEndAsync(Socket socket, Func<Task>? onEnd = null, int expected = -1)
    {
        using var all = new MemoryStream();
        var buffer = new byte[8192];
        int read;
        while ((read = await socket.ReceiveAsync(buffer, Cancelled)) > 0)
        {
            all.Write(buffer, 0, read);
            if (all.Length == expected)
            {
                await onEnd!();
            }
        }

        return all.ToArray();
    }

    private static Backend[] Backends(params LetterServer[] servers) => [.. servers.Select(server => new Backend(server.Address))];

    private TcpBalancer Balance(BalancingMethod method, params LetterServer[] servers) => Balance(method, Backends(servers));

    private TcpBalancer Balance(BalancingMethod method, Backend[] backends) => _balancer = TcpBalancer.Start(AnyPort, backends, method);

    private LetterServer Server(char letter)
    {
        var server = new LetterServer(letter);
        _servers.Add(server);
        return server;
    }

    /// <summary>Answers each byte with its letter.</summary>
    private sealed class LetterServer : IDisposable
    {
        private readonly TcpListener _listener = new(AnyPort);

        public LetterServer(char letter)
        {
            Letter = letter;
            _listener.Start();
            _ = AcceptAsync();
        }

        public char Letter { get; }

        public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

        public void Dispose() => _listener.Stop();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    _ = AnswerAsync(await _listener.AcceptSocketAsync());
                }
            }
            catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
            {
                // Stopped.
            }
        }

        private async Task AnswerAsync(Socket client)
        {
            using (client)
            {
                var buffer = new byte[1];
                while (await client.ReceiveAsync(buffer) > 0)
                {
                    buffer[0] = (byte)Letter;
                    await client.SendAsync(buffer);
                }
            }
        }
    }
}
