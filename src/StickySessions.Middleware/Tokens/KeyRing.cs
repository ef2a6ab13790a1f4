using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace StickySessions.Tokens;

/// <summary>
/// The cluster's keys at one moment: one signs, all verify. Immutable.
/// </summary>
internal sealed class KeyRing
{
    private readonly FrozenDictionary<uint, ClusterKey> _byId;

    public KeyRing(ClusterKey current, params IEnumerable<ClusterKey> accepted)
    {
        Current = current;
        All = [.. accepted.Prepend(current).DistinctBy(key => key.Id)];
        _byId = All.ToFrozenDictionary(key => key.Id);
    }

    public ClusterKey Current { get; }

    /// <summary>The current one first.</summary>
    public ImmutableArray<ClusterKey> All { get; }

    /// <summary>Whether the other ring signs with the same key and accepts the same keys.</summary>
    public bool HasSameKeysAs(KeyRing other)
        => Current.Id == other.Current.Id && _byId.Count == other._byId.Count && _byId.Keys.All(other._byId.ContainsKey);

    public bool TryFind(uint id, [NotNullWhen(true)] out ClusterKey? key) => _byId.TryGetValue(id, out key);
}

/// <summary>
/// One secret of the cluster and what is derived from it (HKDF, RFC 5869): a key per purpose, so that a signature made for
/// one purpose never verifies for another, and a public key id that tells nothing about the secret.
/// </summary>
internal sealed class ClusterKey
{
    private const int MacKeyLength = 32;

    public ClusterKey(ReadOnlySpan<byte> secret)
    {
        Id = BinaryPrimitives.ReadUInt32BigEndian(Derive(secret, "key-id"u8));
        Token = Derive(secret, "session-token"u8);
        Envelope = new KeyedHash(Derive(secret, "envelope"u8));
        SessionIds = new KeyedHash(Derive(secret, "session-id"u8));
    }

    public uint Id { get; }

    /// <summary>Signs session tokens.</summary>
    public byte[] Token { get; }

    /// <summary>Signs what nodes say to each other.</summary>
    public KeyedHash Envelope { get; }

    /// <summary>Makes session ids of the application's tokens.</summary>
    public KeyedHash SessionIds { get; }

    private static byte[] Derive(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> purpose)
    {
        var key = new byte[MacKeyLength];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, "StickySessions/1"u8, purpose);
        return key;
    }
}
