using System.Globalization;

namespace ShopCart.Prove;

/// <summary>What came of one way to balance the shoppers.</summary>
/// <param name="Title">What the table calls it.</param>
/// <param name="Shoppers">How many there were.</param>
/// <param name="Requests">What all of them sent.</param>
/// <param name="Failures">The requests that had no answer, or none of success, by what came instead.</param>
/// <param name="CartsWrong">Carts that had not what their shoppers put there.</param>
/// <param name="ItemsLost">Items that an answer had acknowledged, and that were not there in the end.</param>
/// <param name="BusiestShare">The share of shoppers whose carts are on the same node in the end.</param>
/// <param name="RequestsPerSecond">Of all shoppers, from the first request to the last answer.</param>
internal sealed record RowResult(
    string Title,
    int Shoppers,
    int Requests,
    IReadOnlyDictionary<string, int> Failures,
    int CartsWrong,
    int ItemsLost,
    double BusiestShare,
    double RequestsPerSecond)
{
    public int Failed => Failures.Values.Sum();

    public bool NothingLost => CartsWrong == 0 && ItemsLost == 0;

    public static RowResult Of(string title, Shopper[] shoppers, int requests, TimeSpan took)
    {
        var owners = shoppers.Select(shopper => shopper.Node).OfType<string>().CountBy(node => node).Select(node => node.Value);
        return new RowResult(
            title,
            shoppers.Length,
            requests,
            shoppers.SelectMany(shopper => shopper.Failures).CountBy(failure => failure).ToDictionary(StringComparer.Ordinal),
            shoppers.Count(shopper => shopper.CartWrong),
            shoppers.Sum(shopper => shopper.Lost),
            (double)owners.DefaultIfEmpty().Max() / shoppers.Length,
            requests / took.TotalSeconds);
    }

    /// <summary>Such as "12 × no answer, 3 × 502 owner-unreachable".</summary>
    public string DescribeFailures() => string.Join(
        ", ",
        Failures.OrderByDescending(failure => failure.Value)
            .Select(failure => string.Create(CultureInfo.InvariantCulture, $"{failure.Value:#,0} × {failure.Key}")));
}
