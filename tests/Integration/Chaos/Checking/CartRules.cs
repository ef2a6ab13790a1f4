using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>What holds of the carts that sessions keep in their state, whoever owns them. What is acknowledged was seen; the rest may have happened, or happen yet.</summary>
internal static class CartRules
{
    public const string Lost = "an item that was acknowledged is there until it is removed";
    public const string Back = "an item that is gone stays away";
    public const string Doubled = "an item is there once";
    public const string Foreign = "an item is in the session that it was added to, and not before";
    public const string Ended = "a session that has ended is not served again";
    public const string Replaced = "a session is not replaced by another one before it has ended";

    public static IEnumerable<CartFinding> Check(History history, CartPromise promise)
    {
        var executions = history.Executions.ToLookup(execution => execution.Id);
        var requests = history.Operations.Where(operation => operation.Cart is not null).ToArray();
        var adds = requests.Where(request => request.Cart!.Action == CartAction.Add).ToDictionary(request => request.Cart!.Item);
        var removes = requests.Where(request => request.Cart!.Action == CartAction.Remove).ToLookup(request => request.Cart!.Item);
        var items = requests.Where(request => request.IsAcknowledged)
            .GroupBy(request => request.Answer!.Session)
            .SelectMany(session => new SessionCarts(session.Key, [.. session.OrderBy(request => request.Began)]).Items(adds, removes, executions));
        return [
            .. items.SelectMany(item => item.Check(history, promise)),
            .. SessionEnds.Check(history).Select(violation => new CartFinding(violation, IsAllowed: false)),
        ];
    }
}

/// <param name="Violation">What happened.</param>
/// <param name="IsAllowed">Whether the change that is lost is one that may be lost.</param>
internal sealed record CartFinding(Violation Violation, bool IsAllowed);

/// <summary>The acknowledged requests of one session, which have all seen its cart, in the order in which they began.</summary>
internal sealed class SessionCarts(string session, Operation[] requests)
{
    private readonly HashSet<string>[] _seen = [.. requests.Select(request => request.Cart!.Seen!.ToHashSet())];

    public string Session => session;

    public Operation[] Requests => requests;

    public bool HasSeen(int request, string item) => _seen[request].Contains(item);

    /// <summary>All that was ever added to the cart, or seen in it.</summary>
    public IEnumerable<CartItem> Items(
        Dictionary<string, Operation> adds, ILookup<string, Operation> removes, ILookup<string, Execution> executions)
        => requests.Where(request => request.Cart!.Action == CartAction.Add).Select(request => request.Cart!.Item)
            .Concat(_seen.SelectMany(seen => seen))
            .Distinct()
            .Select(item => new CartItem(this, item, adds.GetValueOrDefault(item), [.. removes[item]], executions));
}
