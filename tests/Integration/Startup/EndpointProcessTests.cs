using System.Net;
using System.Net.Sockets;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Startup;

/// <summary>As <see cref="EndpointTests"/>, for what the environment of a process says.</summary>
public sealed class EndpointProcessTests
{
    private const int DefaultPort = 5000;

    /// <summary>The columns: a variable, and its value with one or two free ports in it.</summary>
    [Theory]
    [InlineData("ASPNETCORE_URLS", "http://127.0.0.1:{0};http://localhost:{1}")]
    [InlineData("ASPNETCORE_HTTP_PORTS", "{0};{1}")]
    [InlineData("Kestrel__Endpoints__Shop__Url", "http://127.0.0.1:{0}")]
    public Task Endpoints_OfTheEnvironment_AreThoseOfTheApplicationAlone(string variable, string value)
        => FreePort.RetryAsync(async () =>
        {
            var text = string.Format(System.Globalization.CultureInfo.InvariantCulture, value, FreePort.Next(), FreePort.Next());
            await AssertStickinessChangesNoEndpointAsync(
                sticky => ChildNode.StartAsync(AppContext.BaseDirectory, sticky, ChildNode.Command(sticky), (variable, text)));
            return true;
        });

    [Fact]
    public async Task Endpoints_ByDefault_AreThoseOfTheApplicationAlone()
    {
        Assert.SkipUnless(IsFree(DefaultPort), $"Port {DefaultPort}, the default of ASP.NET Core, is taken on this machine.");
        try
        {
            var addresses = await AssertStickinessChangesNoEndpointAsync(
                sticky => ChildNode.StartAsync(AppContext.BaseDirectory, sticky, ChildNode.Command(sticky)));
            Assert.Equal([$"http://localhost:{DefaultPort}"], addresses);
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            Assert.Skip($"Port {DefaultPort}, the default of ASP.NET Core, was taken meanwhile.");
        }
    }

    /// <summary>By <c>dotnet run</c> itself, over a project that stands for the node which is built already.</summary>
    [Fact]
    public Task Endpoints_OfALaunchProfile_AreThoseOfTheApplicationAlone()
        => FreePort.RetryAsync(async () =>
        {
            var directory = Directory.CreateTempSubdirectory("sticky-launch-");
            try
            {
                WriteProject(directory, $"http://127.0.0.1:{FreePort.Next()};http://localhost:{FreePort.Next()}");
                await AssertStickinessChangesNoEndpointAsync(sticky => ChildNode.StartAsync(
                    directory.FullName,
                    sticky,
                    ["run", "--no-build", "--no-restore", "--launch-profile", "shop", $"-p:Sticky={(sticky ? "on" : "off")}"]));
            }
            finally
            {
                directory.Delete(recursive: true);
            }

            return true;
        });

    private static void WriteProject(DirectoryInfo directory, string urls)
    {
        var command = string.Join(' ', ChildNode.Command(sticky: true).Select(word => word == "on" ? "$(Sticky)" : $"&quot;{word}&quot;"));
        File.WriteAllText(Path.Combine(directory.FullName, "Shop.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <RunCommand>dotnet</RunCommand>
                <RunArguments>{command}</RunArguments>
              </PropertyGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(directory.CreateSubdirectory("Properties").FullName, "launchSettings.json"), $$"""
            { "profiles": { "shop": { "commandName": "Project", "applicationUrl": "{{urls}}" } } }
            """);
    }

    private static async Task<string[]> AssertStickinessChangesNoEndpointAsync(Func<bool, Task<ChildNode>> startAsync)
    {
        string[] alone;
        await using (var node = await startAsync(false))
        {
            alone = node.Addresses;
            Assert.Null(node.InterconnectPort);
        }

        await using var sticky = await startAsync(true);
        Assert.Equal(alone, sticky.Addresses);
        foreach (var address in alone)
        {
            Assert.Equal(HttpStatusCode.OK, await GetAsync($"{address.Replace("[::]", "127.0.0.1", StringComparison.Ordinal)}/healthz/ready", HttpVersion.Version11));
        }

        // It speaks HTTP/2 and refuses what no node has signed.
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync($"http://127.0.0.1:{sticky.InterconnectPort}/healthz/ready", HttpVersion.Version20));
        return alone;
    }

    private static async Task<HttpStatusCode> GetAsync(string address, Version version)
    {
        using var client = new HttpClient { DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var answer = await client.GetAsync(new Uri(address), TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private static bool IsFree(int port)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
