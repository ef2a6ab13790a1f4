using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>One item of one session's cart: added once, then there, then removed, then gone.</summary>
/// <param name="carts">What the session's requests have seen.</param>
/// <param name="name">The item.</param>
/// <param name="add">The request that was to add it.</param>
/// <param name="removes">Those that were to remove it.</param>
/// <param name="executions">What ran, by its request.</param>
internal sealed class CartItem(SessionCarts carts, string name, Operation? add, Operation[] removes, ILookup<string, Execution> executions)
{
    private readonly Operation[] _seenBy = [.. carts.Requests.Where((_, request) => carts.HasSeen(request, name))];
    private readonly Operation[] _unseenBy = [.. carts.Requests.Where((_, request) => !carts.HasSeen(request, name))];

    // One that was answered in another session has removed nothing here.
    private readonly Operation[] _removes = [.. removes.Where(remove => remove.Answer is null || remove.Answer.Session == carts.Session)];

    public IEnumerable<CartFinding> Check(History history, CartPromise promise)
    {
        if (_seenBy.FirstOrDefault(request => request.Cart!.Seen!.Count(item => item == name) > 1) is { } twice)
        {
            yield return Found(CartRules.Doubled, $"{name} is twice in the cart that {twice.Id} has seen", isAllowed: false, twice);
        }

        if (_seenBy.FirstOrDefault(IsForeignTo) is { } foreign)
        {
            var why = add is null ? "nobody has added" : "was added elsewhere, or later";
            yield return Found(CartRules.Foreign, $"{foreign.Id} has seen {name}, which {why}", isAllowed: false, foreign);
        }

        // Whoever begins later than the end of one that saw it has to see it, until somebody asks to remove it.
        var there = _seenBy.Concat(add?.Answer?.Session == carts.Session ? [add] : []).MinBy(request => request.Ended);
        if (there is null)
        {
            yield break;
        }

        var mayBeGone = _removes.Select(remove => remove.Began).DefaultIfEmpty(long.MaxValue).Min();
        var after = _unseenBy.Where(request => request.Began > there.Ended).ToArray();
        if (_unseenBy.Where(request => request == add).Concat(after).Where(request => request.Ended < mayBeGone).MinBy(request => request.Ended) is { } without)
        {
            var isAllowed = add is not null && MayBeLost(add);
            yield return Found(CartRules.Lost, $"{without.Id} has not seen {name}, which {there.Id} had {(there == add ? "added" : "seen")}", isAllowed, there, without);
        }

        var gone = _removes.Where(remove => remove.IsAcknowledged).Concat(after).MinBy(request => request.Ended);
        if (gone is not null && _seenBy.FirstOrDefault(request => request == gone || request.Began > gone.Ended) is { } again)
        {
            var how = _removes.Contains(gone) ? "removed" : "not seen any more";
            yield return Found(CartRules.Back, $"{again.Id} has seen {name}, which {gone.Id} had {how}", _removes.Any(MayBeLost), gone, again);
        }

        bool MayBeLost(Operation change) => executions[change.Id].Any(execution => promise.MayLose(execution, history.Faults));
    }

    private bool IsForeignTo(Operation request)
        => add is null || !executions[add.Id].Any(change => change.By.Session == carts.Session && change.Began < request.Ended);

    private CartFinding Found(string rule, string what, bool isAllowed, params Operation[] requests)
        => new(new Violation(rule, carts.Session, what, [.. requests.Select(request => request.Id).Distinct()], requests[^1].Ended), isAllowed);
}
