namespace StickySessions.Tests.Integration.Chaos.Histories;

internal enum CartAction
{
    Read,
    Add,
    Remove,
    End,
}

/// <summary>What a request did with the cart that its session keeps. Each item is added at most once, under a name of its own.</summary>
/// <param name="Action">What was asked for.</param>
/// <param name="Item">The item that was to be added or removed; empty otherwise.</param>
/// <param name="Seen">All that was in the cart afterwards, or when the session ended; null if the request is indeterminate.</param>
internal sealed record CartStep(CartAction Action, string Item, IReadOnlyList<string>? Seen)
{
    public override string ToString() => Action switch
    {
        CartAction.Add => $"add {Item}",
        CartAction.Remove => $"remove {Item}",
        CartAction.End => "end the session",
        _ => "read the cart",
    };
}
