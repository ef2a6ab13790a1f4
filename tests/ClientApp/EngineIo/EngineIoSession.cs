using System.Text.Json;
using System.Threading.Channels;

namespace StickySessions.Tests.ClientApp.EngineIo;

/// <summary>One client, whatever it is connected by: a number in memory, and the packets that it has yet to get.</summary>
internal sealed class EngineIoSession
{
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(20);

    private readonly Channel<string> _packets = Channel.CreateUnbounded<string>();
    private readonly Func<int> _countVisitor;
    private int _messages;

    /// <param name="countVisitor">Counts on for the visitor whose session this is.</param>
    /// <param name="upgrades">The transports that may take over.</param>
    public EngineIoSession(Func<int> countVisitor, string[] upgrades)
    {
        _countVisitor = countVisitor;
        Send(PacketType.Open, JsonSerializer.Serialize(new
        {
            sid = Id,
            upgrades,
            pingInterval = PingInterval.TotalMilliseconds,
            pingTimeout = PingTimeout.TotalMilliseconds,
            maxPayload = 1_000_000,
        }));
        _ = PingAsync();
    }

    public string Id { get; } = Guid.NewGuid().ToString("N");

    public bool IsClosed => _packets.Reader.Completion.IsCompleted;

    public IAsyncEnumerable<string> Packets => _packets.Reader.ReadAllAsync();

    /// <summary>What the client has sent. A message is answered with its number in this session and the visitor's count.</summary>
    public void Take(string packet)
    {
        switch (packet[0])
        {
            case PacketType.Message:
                Send(PacketType.Message, $"[{Interlocked.Increment(ref _messages)},{_countVisitor()}]");
                break;
            case PacketType.Close:
                Close();
                break;
        }
    }

    /// <summary>All packets there are, and at least one; none only when the session is closed.</summary>
    public async Task<IReadOnlyList<string>> NextAsync(CancellationToken cancellationToken)
    {
        var packets = new List<string>();
        await _packets.Reader.WaitToReadAsync(cancellationToken);
        while (_packets.Reader.TryRead(out var packet))
        {
            packets.Add(packet);
        }

        return packets;
    }

    public bool Send(char type, string data = "") => _packets.Writer.TryWrite(type + data);

    /// <summary>A poll that waits is answered with nothing.</summary>
    public void Close()
    {
        Send(PacketType.Noop);
        _packets.Writer.TryComplete();
    }

    private async Task PingAsync()
    {
        using var timer = new PeriodicTimer(PingInterval);
        while (await timer.WaitForNextTickAsync() && Send(PacketType.Ping))
        {
            // Clients give up on a server that is silent.
        }
    }
}
