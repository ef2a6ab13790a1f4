using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace StickySessions.Tokens;

/// <summary>
/// HMAC-SHA256 under one key. To set a hash up with its key costs as much as to hash a short text, so each thread keeps one that is
/// set up. Safe for concurrent use; allocates nothing once a thread has its hash.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Keys are never disposed of while a request may still verify with them; what threads hold goes with them.")]
internal sealed class KeyedHash(byte[] key)
{
    public const int Length = HMACSHA256.HashSizeInBytes;

    private readonly ThreadLocal<IncrementalHash> _ofThread = new(() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key));

    /// <param name="content">What is hashed.</param>
    /// <param name="hash">Receives <see cref="Length"/> bytes.</param>
    public void Compute(ReadOnlySpan<byte> content, Span<byte> hash)
    {
        var keyed = _ofThread.Value!;
        keyed.AppendData(content);
        keyed.GetHashAndReset(hash);
    }
}
