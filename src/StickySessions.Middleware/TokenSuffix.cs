using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>What Rewrite appends to the application's token: this node's word that it owns the session.</summary>
internal sealed partial class TokenSuffix(TokenProtector protector, IClusterMembership membership, TimeProvider time, ILogger<TokenSuffix> logger)
{
    /// <summary>Browsers ignore a longer cookie, name and value together (RFC 6265bis §5.6), and longer headers are no tokens here.</summary>
    private const int MaxLength = 4096;

    private readonly ConcurrentDictionary<string, bool> _saidTooLong = new();

    /// <param name="value">The application's token, as it is written in the response.</param>
    /// <param name="session">The session that it names.</param>
    /// <param name="policy">Its policy.</param>
    /// <param name="around">What else counts into the length.</param>
    /// <returns>Null if it must stay as it is: then it names its session without saying where, and the session's home finds it.</returns>
    public string? TryAppend(string value, HeldSession session, StickyPolicy policy, int around)
    {
        if (!Ascii.IsValid(value))
        {
            // Kestrel refuses it in headers unless it is told how to encode it.
            return null;
        }

        if (around + value.Length + RewrittenToken.SuffixLength > MaxLength)
        {
            if (_saidTooLong.TryAdd(policy.Name, true))
            {
                TooLong(logger, policy.Name, value.Length, MaxLength);
            }

            return null;
        }

        return RewrittenToken.Append(
            value,
            protector.Protect(new StickyToken(session.Id, membership.Self.Tag, session.Epoch, session.Created, time.GetUtcNow()), policy.Name, boundTo: value));
    }

    [LoggerMessage(StickyEventIds.Middleware + 31, LogLevel.Warning,
        "The application gives out a token of {Length} characters under the policy \"{Policy}\", which stays as it is: with what Rewrite appends, the cookie or header would be longer than {MaxLength}. Its session is found by its home, which costs a question to it; Learn fits such tokens better. Said once for each policy.")]
    private static partial void TooLong(ILogger logger, string policy, int length, int maxLength);
}
