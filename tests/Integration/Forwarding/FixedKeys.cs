using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Forwarding;

internal sealed class FixedKeys(string secret) : IClusterKeys
{
    public KeyRing Current { get; } = new(new ClusterKey(System.Text.Encoding.UTF8.GetBytes(secret)));
}
