namespace ShopCart.Shop;

/// <summary>An honest word about <c>--state</c>.</summary>
internal static class DurabilityNotice
{
    public static void Write(string? state)
    {
        if (state is not (null or "none"))
        {
            Console.Error.WriteLine($"note: --state {state} does nothing in this release: carts live only in the memory of their owner.");
        }
    }
}
