namespace ShopCart.Shop;

/// <summary>
/// The line in which a node says where it serves. A person reads it, and the cluster, which lets its nodes choose free ports.
/// </summary>
internal static class NodeAnnouncement
{
    private const string Verb = " serves the shop on ";

    public static string Write(string node, IEnumerable<string> addresses) => node + Verb + string.Join(' ', addresses);

    /// <summary>The first address of the announcement; null if the line is something else.</summary>
    public static Uri? TryRead(string line)
        => line.Split(Verb) is [_, var addresses] && Uri.TryCreate(addresses.Split(' ')[0], UriKind.Absolute, out var address)
            ? address
            : null;
}
