using StackExchange.Redis;
using StickySessions.Redis;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>Connections of one node that a test can cut while other nodes keep theirs.</summary>
internal sealed class SeverableConnections(RedisConnections connections) : IRedisConnections, IAsyncDisposable
{
    private volatile bool _isSevered;

    public bool IsSevered
    {
        get => _isSevered;
        set => _isSevered = value;
    }

    public IConnectionMultiplexer Beats => _isSevered
        ? throw new RedisConnectionException(ConnectionFailureType.SocketFailure, CommandFlags.None, "severed by the test")
        : connections.Beats;

    public IConnectionMultiplexer Records => connections.Records;

    public Task ConnectAsync(CancellationToken cancellationToken) => connections.ConnectAsync(cancellationToken);

    public RedisKey Key(string suffix) => connections.Key(suffix);

    public RedisKey SessionKey(string session) => connections.SessionKey(session);

    public ValueTask DisposeAsync() => connections.DisposeAsync();
}
