using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace StickySessions.Tokens;

/// <summary>
/// Writes session tokens and verifies them: 60 bytes in 80 characters of base64url, the last 17 bytes an HMAC-SHA256 over
/// everything before them, the policy's name, and the text that the token is bound to, if any. Safe for concurrent use; verifying allocates nothing.
/// </summary>
internal sealed class TokenProtector(IClusterKeys keys)
{
    /// <summary>Longer texts are refused unread. Above the present length, so that a later version may be longer.</summary>
    public const int MaxTextLength = 99;

    public const int MaxPolicyBytes = 64;

    /// <summary>136 bits; 128 would do, but 60 bytes fill their base64url exactly, so that no two texts decode to one token.</summary>
    private const int MacLength = 17;

    /// <summary>How long each token is.</summary>
    public const int TextLength = (TokenFormat.PayloadLength + MacLength) / 3 * 4;

    private static ReadOnlySpan<byte> Domain => "StickySessions session token"u8;

    /// <summary>The keys that tokens are verified with now: what was verified with other keys must be verified again.</summary>
    public KeyRing Keys => keys.Current;

    /// <param name="token">What the token says.</param>
    /// <param name="policy">The policy's name, at most <see cref="MaxPolicyBytes"/> bytes of UTF-8: a token of one policy is worthless under another.</param>
    /// <param name="boundTo">What the token is worthless without: the application's token that it is appended to.</param>
    public string Protect(in StickyToken token, string policy, ReadOnlySpan<char> boundTo = default)
    {
        var key = keys.Current.Current;
        Span<byte> bytes = stackalloc byte[TokenFormat.PayloadLength + MacLength];
        TokenFormat.Write(token, key.Id, bytes);
        ComputeMac(key, policy, bytes[..TokenFormat.PayloadLength], boundTo, bytes[TokenFormat.PayloadLength..]);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Verifies a text from a client. No input makes it throw.</summary>
    public TokenStatus TryUnprotect(ReadOnlySpan<char> text, string policy, out StickyToken token)
        => TryUnprotect(text, policy, keys.Current, out token);

    public static TokenStatus TryUnprotect(
        ReadOnlySpan<char> text, string policy, KeyRing keys, out StickyToken token, ReadOnlySpan<char> boundTo = default)
    {
        token = default;
        if (text.Length > MaxTextLength)
        {
            return TokenStatus.Oversized;
        }

        Span<byte> decoded = stackalloc byte[MaxTextLength];
        if (!Base64Url.IsValid(text, out var length) || length == 0 || !Base64Url.TryDecodeFromChars(text, decoded, out _))
        {
            return TokenStatus.Malformed;
        }

        if (!TokenFormat.IsKnownVersion(decoded[0]))
        {
            return TokenStatus.UnknownVersion;
        }

        // The decoder skips white space and padding: only a text without either is this long and decodes to this many bytes.
        if (text.Length != TextLength || length != TokenFormat.PayloadLength + MacLength)
        {
            return TokenStatus.Malformed;
        }

        var payload = decoded[..TokenFormat.PayloadLength];
        if (!keys.TryFind(TokenFormat.ReadKeyId(payload), out var key))
        {
            return TokenStatus.UnknownKey;
        }

        Span<byte> expected = stackalloc byte[MacLength];
        ComputeMac(key, policy, payload, boundTo, expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, decoded.Slice(TokenFormat.PayloadLength, MacLength)))
        {
            return TokenStatus.Forged;
        }

        return TokenFormat.TryRead(payload, out token) ? TokenStatus.Valid : TokenStatus.Malformed;
    }

    private static void ComputeMac(ClusterKey key, string policy, ReadOnlySpan<byte> payload, ReadOnlySpan<char> boundTo, Span<byte> mac)
    {
        // The policy's length stands before its name, so that no other split of name and payload gives the same bytes.
        Span<byte> message = stackalloc byte[Domain.Length + 1 + MaxPolicyBytes + TokenFormat.PayloadLength + SHA256.HashSizeInBytes];
        Domain.CopyTo(message);
        var policyLength = Encoding.UTF8.GetBytes(policy, message.Slice(Domain.Length + 1, MaxPolicyBytes));
        message[Domain.Length] = (byte)policyLength;
        var payloadStart = Domain.Length + 1 + policyLength;
        payload.CopyTo(message[payloadStart..]);
        var length = payloadStart + payload.Length;
        if (!boundTo.IsEmpty)
        {
            length += SHA256.HashData(MemoryMarshal.AsBytes(boundTo), message[length..]);
        }

        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key.Token, message[..length], hash);
        hash[..MacLength].CopyTo(mac);
    }
}
