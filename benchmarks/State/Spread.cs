using System.Globalization;

namespace StickySessions.Benchmarks.State;

/// <summary>How a ratio of turns was spread.</summary>
internal static class Spread
{
    public static void Print(string what, IEnumerable<double> ratios)
    {
        double[] sorted = [.. ratios.Order()];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}, StickySessions to the other: median {sorted[sorted.Length / 2]:0.000}, half of all rounds between {sorted[sorted.Length / 4]:0.000} and {sorted[sorted.Length * 3 / 4]:0.000}"));
    }
}
