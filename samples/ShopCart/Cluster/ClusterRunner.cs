using System.Net.Sockets;
using System.Runtime.InteropServices;
using ShopCart.Cli;

namespace ShopCart.Cluster;

/// <summary>The command without a name: the whole cluster until Ctrl+C.</summary>
internal static class ClusterRunner
{
    public static async Task<int> RunAsync(ClusterCommand command)
    {
        using var stop = new StopSignal();
        try
        {
            Console.WriteLine($"Starting {command.Nodes} nodes …");
            await using var cluster = await ShopCluster.StartAsync(command, Console.WriteLine, stop.Token);
            await DescribeAsync(command, cluster);
            await stop.WaitAsync();
            Console.WriteLine();
            Console.WriteLine("Draining …");
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            // Stopped while it started: nothing went wrong.
        }
        catch (Exception problem) when (problem is InvalidOperationException or TimeoutException)
        {
            Console.Error.WriteLine($"The cluster cannot start: {problem.Message}");
            return 1;
        }
        catch (SocketException problem)
        {
            Console.Error.WriteLine($"The cluster cannot listen on port {command.Port}: {problem.Message}. Choose another with --port.");
            return 1;
        }

        Console.WriteLine("Stopped.");
        return 0;
    }

    private static async Task DescribeAsync(ClusterCommand command, ShopCluster cluster)
    {
        var balancer = command.Balancer == BalancingMethod.RoundRobin ? "each connection to the next node" : "each address to one node";
        Console.WriteLine();
        Line("shop", cluster.Address.GetLeftPart(UriPartial.Authority));
        foreach (var node in cluster.Nodes)
        {
            Line(node.Name, $"{(await node.Address).GetLeftPart(UriPartial.Authority)}  /healthz/ready  process {node.Id}");
        }

        Line("store", cluster.Store switch
        {
            null => "none",
            { } redis when command.Redis is not null => redis,
            { } own => $"{own}  in this process, speaks Redis",
        });
        Line("balancer", $"layer 4, {balancer}");
        Line("sticky", command.Sticky ? "on, carts live in the memory of their owner" : "off, every node has carts of its own");
        Line("state", command switch
        {
            { Sticky: false } => "none, every node's carts are lost with it",
            { State: "none" } => "none, a crash of a node loses its carts; a drain does not",
            { State: "async" } => "async, a crash of a node may lose what its carts were given in the last second",
            _ => "before-response, a crash of a node loses nothing that a shopper was told",
        });
        Console.WriteLine();
        Console.WriteLine("Ctrl+C drains the nodes and stops.");
    }

    private static void Line(string name, string text) => Console.WriteLine($"  {name,-9} {text}");

    /// <summary>Ctrl+C or SIGTERM, once; a second one kills as usual, and the nodes drain by themselves.</summary>
    private sealed class StopSignal : IDisposable
    {
        private readonly CancellationTokenSource _source = new();
        private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly PosixSignalRegistration[] _signals;

        public StopSignal() => _signals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
        ];

        public CancellationToken Token => _source.Token;

        public Task WaitAsync() => _stopped.Task;

        public void Dispose()
        {
            Array.ForEach(_signals, signal => signal.Dispose());
            _source.Dispose();
        }

        private void Handle(PosixSignalContext context)
        {
            context.Cancel = !_source.IsCancellationRequested;
            _source.Cancel();
            _stopped.TrySetResult();
        }
    }
}
