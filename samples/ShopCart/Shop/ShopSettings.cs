using System.Net;
using Microsoft.Extensions.Configuration.Memory;
using StickySessions.Policies;

namespace ShopCart.Shop;

/// <summary>
/// What the sample itself wants to know of its configuration; the rest, <c>StickySessions:…</c>, is the library's.
/// </summary>
/// <param name="Sticky"><c>ShopCart:Sticky</c>: off leaves the library out altogether. Default: on.</param>
/// <param name="Names">The nodes' names; <c>ShopCart:Nodes</c> lists those that are expected, separated by commas.</param>
/// <param name="StopWhenInputEnds"><c>ShopCart:StopWhenInputEnds</c>: drain and stop when the standard input ends.</param>
/// <param name="NewConnectionPerClick"><c>ShopCart:NewConnectionPerClick</c>: browsers connect again for each request.</param>
internal sealed record ShopSettings(bool Sticky, ShopNodeNames Names, bool StopWhenInputEnds, bool NewConnectionPerClick)
{
    /// <summary>What <c>--state</c> sets.</summary>
    public const string DurabilityKey = "StickySessions:Policy:Durability";

    private const string SecretKey = "StickySessions:Keys:Secret";

    // Known to everybody who reads this, which is as good as none: only for nodes that nobody else can reach.
    private const string DemoSecret = "shopcart-demo-secret-that-everybody-knows";

    private static readonly KeyValuePair<string, string?>[] QuietDefaults =
    [
        new("Logging:LogLevel:Default", "Warning"),
        new("Logging:LogLevel:Microsoft.Hosting.Lifetime", "Warning"),
        new("Logging:LogLevel:StickySessions", "Information"),

        // A cookie that another node protected is what this sample is about, not worth a line per request.
        new("Logging:LogLevel:Microsoft.AspNetCore.Session", "Error"),

        // Keys that never leave the process need no encryption at rest.
        new("Logging:LogLevel:Microsoft.AspNetCore.DataProtection", "Error"),

        // Why a node does not start is said by the command, in one line.
        new("Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host", "Critical"),
    ];

    public static ShopSettings Complete(ConfigurationManager configuration)
    {
        AddDefaults(configuration);
        var shop = configuration.GetSection("ShopCart");
        var name = configuration["StickySessions:Node:Name"] ?? Environment.MachineName;
        var expected = shop["Nodes"]?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            ?? StaticNodes(configuration).Select(node => node.Key);

        var sticky = shop["Sticky"] is not ("off" or "false" or "False");
        if (!sticky && configuration[DurabilityKey] is { } durability && durability != nameof(SessionDurability.None))
        {
            Console.Error.WriteLine($"warning: without sticky sessions carts are lost with their node; the state {durability} does nothing.");
        }

        return new ShopSettings(
            Sticky: sticky,
            Names: new ShopNodeNames(name, [.. expected.Append(name).Distinct().Order(StringComparer.Ordinal)]),
            StopWhenInputEnds: shop.GetValue("StopWhenInputEnds", false),
            NewConnectionPerClick: shop.GetValue("NewConnectionPerClick", false));
    }

    private static void AddDefaults(ConfigurationManager configuration)
    {
        // In front of everything else, so that files, the environment and the command line win.
        configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = QuietDefaults });

        var others = StaticNodes(configuration).ToList();
        if (others.Count > 0 && configuration[SecretKey] is null && others.All(node => IsLoopback(node.Value)))
        {
            configuration[SecretKey] = DemoSecret;
            Console.Error.WriteLine(
                "warning: the nodes share ShopCart's demo secret; set StickySessions__Keys__Secret to one of your own.");
        }
    }

    private static IEnumerable<IConfigurationSection> StaticNodes(ConfigurationManager configuration)
        => configuration.GetSection("StickySessions:Static:Nodes").GetChildren();

    private static bool IsLoopback(string? address)
        => Uri.TryCreate(address, UriKind.Absolute, out var uri)
           && (uri.IsLoopback || (IPAddress.TryParse(uri.Host, out var ip) && IPAddress.IsLoopback(ip)));
}
