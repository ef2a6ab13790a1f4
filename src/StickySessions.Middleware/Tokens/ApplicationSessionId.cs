using System.Buffers;
using System.Text;

namespace StickySessions.Tokens;

/// <summary>
/// The id of the session that the application's own token names: a keyed hash, so that what is stored and sent tells nothing of the token, and no client
/// can choose a token that collides with another or meets a certain node.
/// </summary>
internal static class ApplicationSessionId
{
    /// <summary>Whether the token names the session, by the cluster's present key or by one that is still accepted.</summary>
    public static bool Names(KeyRing keys, string policy, ReadOnlySpan<char> value, SessionId session)
    {
        foreach (var key in keys.All)
        {
            if (Derive(key, policy, value) == session)
            {
                return true;
            }
        }

        return false;
    }

    /// <param name="key">The cluster's key; another one gives another id.</param>
    /// <param name="policy">The policy's name: two policies may know different tokens of one value.</param>
    /// <param name="value">The application's token.</param>
    public static SessionId Derive(ClusterKey key, string policy, ReadOnlySpan<char> value)
    {
        var length = 1 + Encoding.UTF8.GetMaxByteCount(policy.Length) + Encoding.UTF8.GetMaxByteCount(value.Length);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            // The policy's length stands before its name, so that no other split of name and value gives the same bytes.
            var policyLength = Encoding.UTF8.GetBytes(policy, buffer.AsSpan(1));
            buffer[0] = (byte)policyLength;
            var valueLength = Encoding.UTF8.GetBytes(value, buffer.AsSpan(1 + policyLength));

            Span<byte> hash = stackalloc byte[KeyedHash.Length];
            key.SessionIds.Compute(buffer.AsSpan(0, 1 + policyLength + valueLength), hash);
            return SessionId.Read(hash);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }
}
