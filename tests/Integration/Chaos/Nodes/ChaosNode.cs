using System.Globalization;
using System.Net;
using StickySessions.Tests.Integration.Chaos.Network;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Chaos.Nodes;

internal enum ChaosNodeState
{
    Stopped,
    Running,
    Frozen,
}

/// <summary>
/// A node of the cluster under test: one process after the other under the same name and the same addresses. Other nodes and Redis are
/// reached through cutters only.
/// </summary>
internal sealed class ChaosNode(string name, int number, ChaosSettings settings) : IAsyncDisposable
{
    private const int StartAttempts = 5;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMilliseconds(500);

    private readonly int _interconnectPort = PortOfThisRun.Next();
    private readonly Dictionary<IPAddress, Link> _linksFromNodes = [];
    private readonly Link _linkFromElsewhere = new();
    private readonly Lock _guard = new();
    private Cutter? _interconnect;
    private Cutter? _redis;
    private ChildProcess? _process;
    private int _starts;
    private volatile ChaosNodeState _state;

    public string Name => name;

    /// <summary>Where clients reach it.</summary>
    public Uri Address { get; } = new($"http://127.0.0.1:{PortOfThisRun.Next()}");

    /// <summary>Where its connections to other nodes come from.</summary>
    public IPAddress Source { get; } = IPAddress.Parse($"127.77.0.{number}");

    public Link LinkToRedis { get; } = new();

    /// <summary>Where it, and no other node, reaches Redis. Known from its start on.</summary>
    public int RedisPort => _redis!.Port;

    /// <summary>Where other nodes reach it. Known from its start on.</summary>
    public int InterconnectPort => _interconnect!.Port;

    public ChaosNodeState State => _state;

    /// <summary>How often it ended though nobody had ended it.</summary>
    public int UnexpectedEnds { get; private set; }

    /// <summary>The link over which another node reaches this one.</summary>
    public Link LinkFrom(ChaosNode other) => LinkFrom(other.Source);

    /// <summary>Starts a process and waits until it answers, which is not yet to be ready.</summary>
    public async Task StartAsync()
    {
        _redis ??= new Cutter(PortOfThisRun.Next(), () => settings.Redis.Port, _ => LinkToRedis);
        _interconnect ??= new Cutter(PortOfThisRun.Next(), () => _interconnectPort, LinkFrom);
        _redis.Open();
        _interconnect.Open();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                _process = await StartProcessAsync($"{name}#{++_starts}");
                _state = ChaosNodeState.Running;
                return;
            }
            catch (Exception ended) when (ended is InvalidOperationException && attempt < StartAttempts)
            {
                // As an orchestrator does it. The reason stands in the node's log.
                UnexpectedEnds++;
                await Task.Delay(settings.Options.BeatInterval, CancellationToken.None);
            }
        }
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _state = ChaosNodeState.Stopped;
        if (_process is { } process)
        {
            await process.KillAsync();
            await EndAsync();
        }
    }

    /// <summary>SIGTERM; returns when the process has drained and ended.</summary>
    public async Task DrainAsync()
    {
        // It goes on answering until its listeners close.
        _process!.Signal("TERM");
        await _process.WaitForExitAsync();
        _state = ChaosNodeState.Stopped;
        await EndAsync();
    }

    public void Freeze()
    {
        _state = ChaosNodeState.Frozen;
        _process!.Signal("STOP");
    }

    public void Thaw()
    {
        _process!.Signal("CONT");
        _state = ChaosNodeState.Running;
    }

    /// <summary>Sets how far the wall clock is off, from the next start of the process on if there was no skew before.</summary>
    public void Skew(TimeSpan by) => File.WriteAllText(settings.SkewFile(name), string.Create(CultureInfo.InvariantCulture, $"{by.TotalSeconds:+0.000;-0.000}\n"));

    /// <summary>Whether its process has ended though nobody ended it.</summary>
    public bool HasCrashed => _state == ChaosNodeState.Running && _process is { HasExited: true };

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        foreach (var cutter in new[] { _redis, _interconnect }.OfType<Cutter>())
        {
            await cutter.DisposeAsync();
        }
    }

    private async Task EndAsync()
    {
        await _interconnect!.CloseAsync();
        await _process!.DisposeAsync();
        _process = null;
    }

    private Link LinkFrom(IPAddress source)
    {
        lock (_guard)
        {
            if (!source.ToString().StartsWith("127.77.", StringComparison.Ordinal))
            {
                return _linkFromElsewhere;
            }

            if (!_linksFromNodes.TryGetValue(source, out var link))
            {
                _linksFromNodes.Add(source, link = new Link());
            }

            return link;
        }
    }

    private Task<ChildProcess> StartProcessAsync(string process)
    {
        // The shell becomes the program; what it writes goes to a file, which outlives it.
        string[] program =
        [
            "-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "sh", settings.NodeLog(name),
            .. settings.SkewPrefix(name),
            ChaosSettings.Dotnet, typeof(ChaosNode).Assembly.Location, ChaosNodeProgram.Command,
        ];
        return ChildProcess.StartAsync(process, "/bin/sh", [.. program, .. Configuration(process)], _ => AnswersAsync());
    }

    private IEnumerable<string> Configuration(string process)
    {
        var ofThisNode = new Dictionary<string, string>
        {
            ["urls"] = Address.ToString(),
            ["Chaos:Process"] = process,
            ["Chaos:Log"] = settings.ExecutionLog(process),
            ["Chaos:Source"] = Source.ToString(),
            ["StickySessions:Node:Name"] = name,
            ["StickySessions:Interconnect:Url"] = $"http://127.0.0.1:{_interconnectPort}",
            ["StickySessions:Interconnect:AdvertisedUrl"] = $"http://127.0.0.1:{_interconnect!.Port}",
            ["StickySessions:Redis:Configuration"] = $"127.0.0.1:{_redis!.Port},abortConnect=false",
        };
        return ofThisNode.Concat(settings.OfAllNodes).Select(setting => $"--{setting.Key}={setting.Value}");
    }

    private async Task<bool> AnswersAsync()
    {
        using var timeout = new CancellationTokenSource(AnswerTimeout);
        try
        {
            using var answer = await settings.Http.GetAsync(new Uri(Address, "/healthz/ready"), timeout.Token);
            return true;
        }
        catch (Exception notYet) when (notYet is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }
}
