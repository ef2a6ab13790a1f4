using System.Text;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens;

/// <summary>Keys that a test sets and changes.</summary>
internal sealed class FixedKeys(KeyRing current) : IClusterKeys
{
    public FixedKeys(string secret)
        : this(new KeyRing(Key(secret)))
    {
    }

    public KeyRing Current { get; set; } = current;

    public static ClusterKey Key(string secret) => new(Encoding.UTF8.GetBytes(secret));
}
