using System.Text.RegularExpressions;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>One node of the application that real clients use: a process of its own.</summary>
internal sealed partial class ClientAppNode : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private ClientAppNode(string name, Uri address, ChildProcess process)
    {
        Name = name;
        Address = address;
        _process = process;
    }

    public string Name { get; }

    public Uri Address { get; }

    private static string Dotnet
        => Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";

    /// <param name="name">The node's name.</param>
    /// <param name="arguments">Configuration, as <c>--Key=Value</c>.</param>
    public static async Task<ClientAppNode> StartAsync(string name, params IEnumerable<string> arguments)
    {
        Uri? address = null;
        using var client = new HttpClient();
        var process = await ChildProcess.StartAsync(
            name,
            Dotnet,
            [Path.Combine(AppContext.BaseDirectory, "StickySessions.Tests.ClientApp.dll"), "--urls=http://127.0.0.1:0", .. arguments],
            async node =>
            {
                address ??= node.Output.Select(ReadAddress).FirstOrDefault(announced => announced is not null);
                return address is not null && await IsReadyAsync(address, client);
            },
            ("ASPNETCORE_CONTENTROOT", AppContext.BaseDirectory));
        return new ClientAppNode(name, address!, process);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    public override string ToString() => _process.ToString();

    private static async Task<bool> IsReadyAsync(Uri address, HttpClient client)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(address, "/healthz/ready"));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private static Uri? ReadAddress(string line) => Announcement().Match(line) is { Success: true } match ? new Uri(match.Groups[1].Value) : null;

    [GeneratedRegex(@"Now listening on: (http://127\.0\.0\.1:\d+)$")]
    private static partial Regex Announcement();
}
