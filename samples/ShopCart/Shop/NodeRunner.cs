using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using ShopCart.Cli;
using StickySessions.Policies;

namespace ShopCart.Shop;

/// <summary>The command <c>node</c>: one node until it is told to stop.</summary>
internal static class NodeRunner
{
    public static async Task<int> RunAsync(NodeCommand command)
    {
        try
        {
            await using var app = ShopNode.Build(Configuration(command));
            await app.StartAsync();
            Announce(app);
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            Console.Error.WriteLine($"The node failed: {problem.Message}");
            return 1;
        }
    }

    /// <summary>The command line in the words of the configuration.</summary>
    private static Dictionary<string, string?> Configuration(NodeCommand command)
    {
        var settings = new Dictionary<string, string?>
        {
            ["urls"] = command.Urls,
            ["StickySessions:Node:Name"] = command.Name,
            ["StickySessions:Interconnect:Url"] = command.Interconnect,
            ["StickySessions:Redis:Configuration"] = command.Redis,
            [ShopSettings.DurabilityKey] = DurabilityOf(command.State),
            ["ShopCart:Sticky"] = command.Sticky switch { true => "on", false => "off", null => null },
        };

        foreach (var (name, address) in command.Peers)
        {
            settings[$"StickySessions:Static:Nodes:{name}"] = address;
        }

        // What was not said must not hide what the environment says.
        return settings.Where(setting => setting.Value is not null).ToDictionary();
    }

    private static string? DurabilityOf(string? state) => state switch
    {
        "none" => nameof(SessionDurability.None),
        "async" => nameof(SessionDurability.Async),
        "before-response" => nameof(SessionDurability.BeforeResponse),
        _ => null,
    };

    private static void Announce(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses;
        Console.WriteLine(NodeAnnouncement.Write(app.Services.GetRequiredService<ShopNodeNames>().Own, addresses));
    }
}
