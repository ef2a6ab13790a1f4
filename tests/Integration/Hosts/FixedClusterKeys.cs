using System.Text;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>Keys that a test chose.</summary>
internal sealed class FixedClusterKeys(string secret) : IClusterKeys
{
    public KeyRing Current { get; } = new(new ClusterKey(Encoding.UTF8.GetBytes(secret)));
}
