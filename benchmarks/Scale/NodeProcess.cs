using System.Diagnostics;
using System.Globalization;

namespace StickySessions.Benchmarks.Scale;

/// <summary>A <see cref="ScaleNode"/> in a process of its own.</summary>
internal sealed class NodeProcess : IDisposable
{
    public static readonly HttpClient Client = new(new SocketsHttpHandler { UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(2) });

    private readonly Process _process;

    private NodeProcess(Process process, string name, int port)
    {
        _process = process;
        Name = name;
        Port = port;
    }

    public string Name { get; }

    public int Port { get; }

    public Uri Address => new($"http://127.0.0.1:{Port}");

    public static NodeProcess Start(string name, string redis, bool expireOnRefused)
    {
        var port = Ports.Free(1)[0];
        var start = new ProcessStartInfo(
            Environment.ProcessPath!,
            [
                .. Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? new[] { Environment.GetCommandLineArgs()[0] } : [],
                ScaleNode.Command, name, port.ToString(CultureInfo.InvariantCulture), redis, expireOnRefused ? "true" : "false",
            ])
        {
            RedirectStandardOutput = true,
        };
        return new NodeProcess(Process.Start(start)!, name, port);
    }

    public async Task UntilItSeesAsync(params string[] names)
    {
        var wanted = string.Join(' ', names.Order(StringComparer.Ordinal));
        for (var began = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                var seen = (await Client.GetStringAsync(new Uri(Address, "/view"))).Split(' ');
                if (string.Join(' ', seen.Order(StringComparer.Ordinal)) == wanted)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(1))
            {
                // It starts.
            }

            if (Stopwatch.GetElapsedTime(began) > TimeSpan.FromMinutes(1))
            {
                throw new TimeoutException($"{Name} does not see {wanted}.");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>One request with a session cookie, or none.</summary>
    public async Task<Answer> AskAsync(string? cookie, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Address);
        if (cookie is not null)
        {
            request.Headers.TryAddWithoutValidation("Cookie", cookie);
        }

        try
        {
            using var response = await Client.SendAsync(request, cancellationToken);
            var set = response.Headers.TryGetValues("Set-Cookie", out var values) ? values.First().Split(';')[0] : null;
            return new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken), set);
        }
        catch (HttpRequestException)
        {
            return new Answer(0, "", null);
        }
    }

    /// <summary>SIGKILL: no goodbye.</summary>
    public void Kill() => _process.Kill();

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}

/// <param name="Status">0: the connection failed.</param>
/// <param name="Body">The name of the node that answered, or a problem.</param>
/// <param name="Cookie">The session cookie that was set, if any.</param>
internal sealed record Answer(int Status, string Body, string? Cookie);
