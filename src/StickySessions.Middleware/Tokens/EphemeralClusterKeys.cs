using System.Security.Cryptography;

namespace StickySessions.Tokens;

/// <summary>The key of a node that is alone and has no configured secret: random, and gone with the process.</summary>
internal sealed class EphemeralClusterKeys : IClusterKeys
{
    private const int SecretLength = 32;

    public KeyRing Current { get; } = new(new ClusterKey(RandomNumberGenerator.GetBytes(SecretLength)));
}
