using System.Globalization;

namespace ShopCart.Shop;

/// <summary>The picture of the way a request took: balancer, the node where it came in, the node that owns the session.</summary>
internal static class PathPanel
{
    private const int Height = 178;
    private const int NodeWidth = 84;
    private const int NodeGap = 26;
    private const int NodeTop = 96;
    private const int NodeHeight = 40;

    public static string Render(RequestPath path, IReadOnlyList<string> nodes)
    {
        // Nodes that joined later are in the picture as soon as a request meets them.
        string[] names = [.. nodes.Concat([path.Ingress, path.Owner]).Distinct().Order(StringComparer.Ordinal)];
        var width = Math.Max(240, (names.Length * (NodeWidth + NodeGap)) + NodeGap);
        var left = (width - (names.Length * (NodeWidth + NodeGap)) + NodeGap) / 2;

        return $"""
            <section class="panel" aria-labelledby="path-title">
                <h2 id="path-title">The way of your request</h2>
                <svg id="map" viewBox="0 0 {width} {Height}" role="img" aria-label="Balancer and nodes">
                  {string.Concat(names.Select((name, i) => Link(name, width / 2, CentreOf(i, left), path)))}
                  {string.Concat(Pairs(names).Select(pair => Arc(pair, names, left, path)))}
                  <g class="balancer"><rect x="{(width / 2) - 52}" y="8" width="104" height="32" rx="16"/><text x="{width / 2}" y="29">balancer</text></g>
                  {string.Concat(names.Select((name, i) => Box(name, left + (i * (NodeWidth + NodeGap)), path)))}
                </svg>
                <dl aria-live="polite">
                  <div><dt>Came in at</dt><dd id="ingress">{ShopPage.Encode(path.Ingress)}</dd></div>
                  <div><dt>Owned by</dt><dd id="owner">{ShopPage.Encode(path.Owner)}</dd></div>
                  <div><dt>Forwarded</dt><dd id="forwarded">{(path.Forwarded ? "yes" : "no")}</dd></div>
                </dl>
                <ol id="log" aria-label="Your last requests" hidden></ol>
              </section>
            """;
    }

    private static int CentreOf(int index, int left) => left + (index * (NodeWidth + NodeGap)) + (NodeWidth / 2);

    private static IEnumerable<(string From, string To)> Pairs(string[] names)
        => from @from in names from to in names where @from != to select (@from, to);

    private static string Link(string name, int from, int to, RequestPath path) => string.Create(
        CultureInfo.InvariantCulture,
        $"""<path class="way{Lit(name == path.Ingress)}" data-link="{ShopPage.Encode(name)}" d="M{from} 40 C{from} 68 {to} 66 {to} {NodeTop}"/>""");

    private static string Arc((string From, string To) pair, string[] names, int left, RequestPath path)
    {
        var from = CentreOf(Array.IndexOf(names, pair.From), left);
        var to = CentreOf(Array.IndexOf(names, pair.To), left);
        const int Bottom = NodeTop + NodeHeight;
        var lit = Lit(path.Forwarded && pair == (path.Ingress, path.Owner));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""<path class="way hop{lit}" data-hop="{ShopPage.Encode(pair.From)} {ShopPage.Encode(pair.To)}" d="M{from} {Bottom} C{from} {Height} {to} {Height} {to} {Bottom}"/>""");
    }

    private static string Box(string name, int x, RequestPath path)
    {
        var state = $"node{(name == path.Ingress ? " ingress" : "")}{(name == path.Owner ? " owner" : "")}";
        var encoded = ShopPage.Encode(name);
        return $"""
            <g class="{state}" data-node="{encoded}"><rect x="{x}" y="{NodeTop}" width="{NodeWidth}" height="{NodeHeight}" rx="10"/><text x="{x + (NodeWidth / 2)}" y="{NodeTop + 25}">{encoded}</text></g>
            """;
    }

    private static string Lit(bool lit) => lit ? " lit" : "";
}
