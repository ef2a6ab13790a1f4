using System.Text.RegularExpressions;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>One node of the application that real clients use: a process of its own.</summary>
internal sealed partial class ClientAppNode : IAsyncDisposable
{
    /// <summary>Two endpoints, announced in the order of their names, and a log without a line for each request.</summary>
    private static readonly string[] Settings =
    [
        "--Kestrel:Endpoints:1:Url=http://127.0.0.1:0",
        "--Kestrel:Endpoints:1:Protocols=Http1",
        "--Kestrel:Endpoints:2:Url=http://127.0.0.1:0",
        "--Kestrel:Endpoints:2:Protocols=Http2",
        "--Logging:LogLevel:Default=Warning",
        "--Logging:LogLevel:Microsoft.Hosting.Lifetime=Information",
    ];

    private readonly ChildProcess _process;

    private ClientAppNode(string name, IReadOnlyList<Uri> addresses, ChildProcess process)
    {
        Name = name;
        (Address, Http2Address) = (addresses[0], addresses[1]);
        _process = process;
    }

    public string Name { get; }

    public Uri Address { get; }

    /// <summary>Where it expects HTTP/2 from the first byte: without TLS a port speaks one or the other.</summary>
    public Uri Http2Address { get; }

    private static string Dotnet
        => Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";

    /// <param name="name">The node's name.</param>
    /// <param name="arguments">Configuration, as <c>--Key=Value</c>.</param>
    public static async Task<ClientAppNode> StartAsync(string name, params IEnumerable<string> arguments)
    {
        Uri[] addresses = [];
        using var client = new HttpClient();
        var process = await ChildProcess.StartAsync(
            name,
            Dotnet,
            [Path.Combine(AppContext.BaseDirectory, "StickySessions.Tests.ClientApp.dll"), .. Settings, .. arguments],
            async node =>
            {
                addresses = [.. node.Output.Select(line => Announcement().Match(line)).Where(match => match.Success).Select(match => new Uri(match.Groups[1].Value))];
                return addresses.Length == 2 && await IsReadyAsync(addresses[0], client);
            },
            ("ASPNETCORE_CONTENTROOT", AppContext.BaseDirectory));
        return new ClientAppNode(name, addresses, process);
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

    [GeneratedRegex(@"Now listening on: (http://127\.0\.0\.1:\d+)$")]
    private static partial Regex Announcement();
}
