using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>
/// The session token as a cookie: finds and verifies it in a request, writes it into a response. Safe for concurrent use; reading
/// allocates nothing.
/// </summary>
internal sealed class SessionCookie(TokenProtector protector, TimeProvider time)
{
    /// <summary>Each candidate costs an HMAC, and the header is the client's: more than a browser could send by accident.</summary>
    private const int MaxCandidates = 8;

    /// <summary>The session that the request's cookies name, if any does validly. Remembered for the next request of the connection.</summary>
    public TokenFinding Read(HttpContext context, StickyPolicy policy)
    {
        var cookies = context.Request.Headers.Cookie;
        return cookies.Count switch
        {
            0 => default,
            1 when ConnectionTokenCache.Find(context) is { } cache => ReadCached(cache, cookies, policy),
            _ => Verify(cookies, policy, protector.Keys, time.GetUtcNow()),
        };
    }

    /// <summary>Whether the next response should carry the token anew; see <see cref="StickyPolicy.RenewAfter"/>.</summary>
    public bool IsDueForRenewal(in StickyToken token, StickyPolicy policy) => time.GetUtcNow() - token.Issued >= policy.RenewAfter;

    /// <summary>Signs the token and gives it to the client wherever the policy looks for it. The response must not have started.</summary>
    /// <returns>False if there is no place for it in this response.</returns>
    public bool Write(HttpContext context, StickyPolicy policy, in StickyToken token)
    {
        var text = protector.Protect(token, policy.Name);
        if (policy.InsertsCookie)
        {
            context.Response.Cookies.Append(policy.CookieName, text, policy.BuildCookie(context, time.GetUtcNow()));
            if (policy.TwinName is { } twin && context.Request.IsHttps)
            {
                context.Response.Cookies.Append(twin, text, policy.BuildTwin(context, time.GetUtcNow()));
            }
        }

        foreach (var header in policy.HeaderNames)
        {
            context.Response.Headers[header] = text;
        }

        var isRedirected = policy.QueryName is { } parameter && RedirectQuery.TryInsert(context, parameter, text);
        return isRedirected || policy.InsertsCookie || !policy.HeaderNames.IsEmpty;
    }

    /// <summary>The address of the request with the token in its query.</summary>
    public string Address(HttpContext context, StickyPolicy policy, in StickyToken token, string path)
        => RedirectQuery.Address(context.Request, path, policy.QueryName!, protector.Protect(token, policy.Name));

    /// <summary>Makes the client forget its cookies: the same attributes, or a browser would keep the other ones.</summary>
    public void Delete(HttpContext context, StickyPolicy policy)
    {
        foreach (var name in policy.CookieNames)
        {
            Delete(context, name, policy.BuildCookie(context, time.GetUtcNow()));
        }

        if (policy.TwinName is { } twin && context.Request.IsHttps)
        {
            Delete(context, twin, policy.BuildTwin(context, time.GetUtcNow()));
        }
    }

    private static void Delete(HttpContext context, string name, CookieOptions cookie)
    {
        cookie.Expires = DateTimeOffset.UnixEpoch;
        cookie.MaxAge = TimeSpan.Zero;
        context.Response.Cookies.Append(name, string.Empty, cookie);
    }

    private TokenFinding ReadCached(ConnectionTokenCache cache, StringValues cookies, StickyPolicy policy)
    {
        var header = cookies[0] ?? string.Empty;
        var keys = protector.Keys;
        var now = time.GetUtcNow();
        if (cache.TryGet(header, policy, keys, out var known) && !(known.IsValid && IsExpired(known.Token, policy, now)))
        {
            return known;
        }

        var result = Verify(cookies, policy, keys, now);
        if (result.Status != TokenFindingStatus.None)
        {
            cache.Set(header, policy, keys, result);
        }

        return result;
    }

    private static TokenFinding Verify(StringValues cookies, StickyPolicy policy, KeyRing keys, DateTimeOffset now)
    {
        var candidates = 0;
        var best = Verify(default, cookies, policy.CookieName, policy, keys, now, ref candidates);
        return policy.TwinName is { } twin ? Verify(best, cookies, twin, policy, keys, now, ref candidates) : best;
    }

    private static TokenFinding Verify(
        TokenFinding best, StringValues cookies, string name, StickyPolicy policy, KeyRing keys, DateTimeOffset now, ref int candidates)
    {
        foreach (var value in new CookieValues(cookies, name))
        {
            if (candidates++ == MaxCandidates)
            {
                break;
            }

            best = Better(best, VerifyOne(value, policy, keys, now));
        }

        return best;
    }

    /// <param name="value">The text.</param>
    /// <param name="policy">The policy that it must be of.</param>
    /// <param name="boundTo">What it is appended to, if anything.</param>
    public TokenFinding Verify(ReadOnlySpan<char> value, StickyPolicy policy, ReadOnlySpan<char> boundTo = default)
        => VerifyOne(value, policy, protector.Keys, time.GetUtcNow(), boundTo);

    /// <summary>The better of two findings: a valid token beats any other, and of two valid ones <see cref="Beats"/> decides.</summary>
    public static TokenFinding Better(in TokenFinding best, in TokenFinding candidate)
        => best.Status == TokenFindingStatus.None || (candidate.IsValid && Beats(candidate.Token, best)) ? candidate : best;

    private static TokenFinding VerifyOne(
        ReadOnlySpan<char> value, StickyPolicy policy, KeyRing keys, DateTimeOffset now, ReadOnlySpan<char> boundTo = default)
    {
        var status = TokenProtector.TryUnprotect(value, policy.Name, keys, out var token, boundTo);
        return status switch
        {
            TokenStatus.Valid when IsExpired(token, policy, now) => new(TokenFindingStatus.Expired, default),
            TokenStatus.Valid => new(TokenFindingStatus.Valid, token),
            TokenStatus.Malformed => new(TokenFindingStatus.Malformed, default),
            TokenStatus.Oversized => new(TokenFindingStatus.Oversized, default),
            TokenStatus.UnknownVersion => new(TokenFindingStatus.UnknownVersion, default),
            TokenStatus.UnknownKey => new(TokenFindingStatus.UnknownKey, default),
            _ => new(TokenFindingStatus.Forged, default),
        };
    }

    /// <summary>A token is never older than its session, so the session's age bounds the token's too.</summary>
    private static bool IsExpired(in StickyToken token, StickyPolicy policy, DateTimeOffset now)
        => now - token.Created >= policy.AbsoluteTimeout;

    /// <summary>Of one session the higher epoch: its owner is the later one. Of two sessions, the token issued last.</summary>
    private static bool Beats(in StickyToken candidate, in TokenFinding best)
    {
        if (!best.IsValid)
        {
            return true;
        }

        return candidate.Session == best.Token.Session && candidate.Epoch != best.Token.Epoch
            ? candidate.Epoch > best.Token.Epoch
            : candidate.Issued > best.Token.Issued;
    }
}
