using System.Collections.Concurrent;
using ShopCart.Cli;

namespace ShopCart.Prove;

/// <summary>The command <c>prove</c>: the same shoppers, balanced in several ways.</summary>
internal static class ProveRunner
{
    private static readonly Row[] Rows =
    [
        new("nothing", BalancingMethod.RoundRobin, Sticky: false),
        new("layer-4 persistence", BalancingMethod.SourceIp, Sticky: false),
        new("this library", BalancingMethod.RoundRobin, Sticky: true),
        new("… and a node killed (SIGKILL)", BalancingMethod.RoundRobin, Sticky: true, Disturbances.KillOneAsync),
        new("… and all nodes restarted one by one", BalancingMethod.RoundRobin, Sticky: true, Disturbances.RestartAllAsync),
    ];

    public static async Task<int> RunAsync(ProveCommand command)
    {
        Console.WriteLine($"{command.Shoppers} shoppers from one address, {Shopper.Requests} requests each, every request on a new connection.");
        Console.WriteLine("In the last two rows they go on shopping until it is over.");
        Console.WriteLine();
        Console.WriteLine(ResultTable.Header);
        Console.WriteLine(ResultTable.Rule);

        List<RowResult> results = [];
        foreach (var row in Rows)
        {
            // What nodes say while they are killed and restarted would tear the table apart; it matters when a row cannot be finished.
            var said = new ConcurrentQueue<string>();
            try
            {
                results.Add(await row.RunAsync(command.Shoppers, said.Enqueue, CancellationToken.None));
            }
            catch (Exception problem) when (problem is InvalidOperationException or TimeoutException)
            {
                foreach (var line in said)
                {
                    Console.Error.WriteLine(line);
                }

                Console.Error.WriteLine($"{row.Title}: {problem.Message}");
                return 1;
            }

            Console.WriteLine(ResultTable.Format(results[^1]));
        }

        Console.WriteLine();
        foreach (var row in results.Where(row => row.Failed > 0))
        {
            Console.WriteLine($"{row.Title}: {row.DescribeFailures()}");
        }

        var proved = Rows.Zip(results).All(row => !row.First.Sticky || row.Second.NothingLost) && results[^1].Failed == 0;
        Console.WriteLine(proved
            ? "With this library no cart lost anything; and in the last row no request failed."
            : "Not proved: with this library no cart may lose anything, and in the last row no request may fail.");
        return proved ? 0 : 1;
    }
}
