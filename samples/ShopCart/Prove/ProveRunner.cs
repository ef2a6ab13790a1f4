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
    ];

    public static async Task<int> RunAsync(ProveCommand command)
    {
        Console.WriteLine($"{command.Shoppers} shoppers from one address, {Shopper.Requests} requests each, every request on a new connection.");
        Console.WriteLine();
        Console.WriteLine(ResultTable.Header);
        Console.WriteLine(ResultTable.Rule);

        RowResult? last = null;
        foreach (var row in Rows)
        {
            try
            {
                last = await row.RunAsync(command.Shoppers, CancellationToken.None);
            }
            catch (Exception problem) when (problem is InvalidOperationException or TimeoutException)
            {
                Console.Error.WriteLine($"{row.Title}: {problem.Message}");
                return 1;
            }

            Console.WriteLine(ResultTable.Format(last));
        }

        Console.WriteLine();
        Console.WriteLine(last!.NothingLost ? "The last row lost nothing." : "The last row failed: it must not lose anything.");
        return last.NothingLost ? 0 : 1;
    }
}
