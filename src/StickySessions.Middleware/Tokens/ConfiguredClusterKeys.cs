using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Diagnostics;

namespace StickySessions.Tokens;

/// <summary>
/// The keys made of the configured secrets. Follows the configuration while the application runs; a change that is not valid, or
/// that takes the secret away, leaves the keys as they are: a running cluster without keys would lose every session.
/// </summary>
internal sealed partial class ConfiguredClusterKeys : IClusterKeys, IDisposable
{
    private readonly ILogger<ConfiguredClusterKeys> _logger;
    private readonly IDisposable? _subscription;
    private volatile KeyRing _current;

    public ConfiguredClusterKeys(IOptionsMonitor<StickyKeyOptions> options, ILogger<ConfiguredClusterKeys> logger)
    {
        _logger = logger;
        _current = Read(options.CurrentValue)
            ?? throw new InvalidOperationException("StickySessions:Keys:Secret is not set. Set the same secret, at least 32 characters, on all nodes.");
        _subscription = options.OnChange(Replace);
    }

    public KeyRing Current => _current;

    public void Dispose() => _subscription?.Dispose();

    private static KeyRing? Read(StickyKeyOptions options) => options.Secret is null
        ? null
        : new KeyRing(MakeKey(options.Secret), options.AcceptedSecrets.Select(MakeKey));

    private static ClusterKey MakeKey(string secret) => new(Encoding.UTF8.GetBytes(secret));

    private void Replace(StickyKeyOptions options)
    {
        if (Read(options) is not { } changed)
        {
            LogSecretRemoved();
        }
        else if (!changed.HasSameKeysAs(_current))
        {
            _current = changed;
            LogKeysReplaced(changed.Current.Id);
        }
    }

    [LoggerMessage(StickyEventIds.Tokens, LogLevel.Information, "The cluster's secrets changed; tokens are signed with key {KeyId:x8} from now on")]
    private partial void LogKeysReplaced(uint keyId);

    [LoggerMessage(StickyEventIds.Tokens + 1, LogLevel.Warning,
        "StickySessions:Keys:Secret was removed from the configuration of a running node; the last secret stays in use until the node restarts")]
    private partial void LogSecretRemoved();
}
