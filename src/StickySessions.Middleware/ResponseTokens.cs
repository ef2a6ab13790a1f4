using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>
/// What Rewrite and Learn do to the application's response: each token in it that binds a session names this node from now on, by a suffix or in the
/// directory, before the client gets to see it.
/// </summary>
internal sealed class ResponseTokens(
    TokenProtector protector, IClusterKeys keys, IClusterMembership membership, HeldSessions held, IOwnershipDirectory directory, TimeProvider time)
{
    /// <summary>Whether the response says that the session is over, by what its policy takes for a sign of that.</summary>
    public bool EndSession(HttpContext context, StickyPolicy policy)
    {
        if (policy.EndsWithDelete && HttpMethods.IsDelete(context.Request.Method) && context.Response.StatusCode is >= 200 and < 300)
        {
            return true;
        }

        foreach (var name in policy.EndWithCookies)
        {
            foreach (var header in context.Response.Headers.SetCookie)
            {
                if (SetCookieValue.TryRead(header, name, out var cookie) && cookie.Deletes(time.GetUtcNow()))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Binds what the response gives out.</summary>
    /// <param name="context">The request.</param>
    /// <param name="feature">Its session; one that nothing had bound becomes the one that is bound now.</param>
    /// <returns>Whether a token was given out, or the one of the request was taken away.</returns>
    /// <exception cref="DirectoryUnavailableException">The binding could not be recorded, and the policy prefers consistency.</exception>
    public async ValueTask<BoundTokens> BindAsync(HttpContext context, OwnedSessionFeature feature)
    {
        var bound = BoundTokens.None;
        var policy = feature.Policy;
        for (var source = 0; source < policy.Sources!.Sources.Length; source++)
        {
            bound |= policy.Sources.Sources[source] switch
            {
                { Kind: StickyTokenSourceKind.Cookie, Name: { } name } => await BindCookiesAsync(context, feature, source, name),
                { Kind: StickyTokenSourceKind.Header, Name: { } name } => await BindHeaderAsync(context, feature, source, name),
                _ => BoundTokens.None,
            };
        }

        return bound;
    }

    /// <summary>The client's cookie names an owner or an epoch of before, and the application does not set it anew.</summary>
    public void Reissue(HttpContext context, OwnedSessionFeature feature, DateTimeOffset now)
    {
        var policy = feature.Policy;
        for (var i = 0; i < policy.Sources!.Sources.Length; i++)
        {
            var source = policy.Sources.Sources[i];
            if (source is { Kind: StickyTokenSourceKind.Cookie, Name: { } name } && FindBound(context, feature, source: i, name) is { } value)
            {
                context.Response.Headers.SetCookie = StringValues.Concat(
                    context.Response.Headers.SetCookie, policy.BuildCookie(context, now).CreateCookieHeader(name, Suffixed(value, feature.Session, policy)).ToString());
                return;
            }
        }
    }

    /// <summary>Of several cookies of one name, the one that names the session.</summary>
    private string? FindBound(HttpContext context, OwnedSessionFeature feature, int source, string name)
    {
        var policy = feature.Policy;
        foreach (var cookie in new CookieValues(context.Request.Headers.Cookie, name))
        {
            var value = cookie.ToString();
            if (policy.Sources!.Transform(source, value) is { } token && IdOf(token, policy) == feature.Session.Id)
            {
                return value;
            }
        }

        return null;
    }

    private async ValueTask<BoundTokens> BindCookiesAsync(HttpContext context, OwnedSessionFeature feature, int source, string name)
    {
        var bound = BoundTokens.None;
        var headers = context.Response.Headers.SetCookie.ToArray();
        for (var i = 0; i < headers.Length; i++)
        {
            if (!SetCookieValue.TryRead(headers[i], name, out var cookie))
            {
                continue;
            }

            var (value, isDeleted) = (cookie.Value, cookie.Deletes(time.GetUtcNow()));
            if (isDeleted)
            {
                bound = BoundTokens.TakenAway;
            }
            else if (await BindAsync(feature, context, source, value) is { } rewritten)
            {
                SetCookieValue.TryRead(headers[i], name, out cookie);
                headers[i] = cookie.With(rewritten);
                bound = BoundTokens.GivenOut;
            }
        }

        if (bound == BoundTokens.GivenOut)
        {
            context.Response.Headers.SetCookie = headers;
        }

        return bound;
    }

    private async ValueTask<BoundTokens> BindHeaderAsync(HttpContext context, OwnedSessionFeature feature, int source, string name)
    {
        var value = context.Response.Headers[name].ToString();
        if (value.Length == 0 || await BindAsync(feature, context, source, value) is not { } rewritten)
        {
            return BoundTokens.None;
        }

        context.Response.Headers[name] = rewritten;
        return BoundTokens.GivenOut;
    }

    /// <summary>Binds what the body of the response gives out: what the first source will find in later requests.</summary>
    public async ValueTask BindBodyAsync(HttpContext context, OwnedSessionFeature feature, string body)
    {
        if (feature.Policy.BodyToken!(body) is { } token)
        {
            await BindAsync(feature, context, source: 0, token);
        }
    }

    /// <returns>What the client gets in place of the application's token, or null if it is none.</returns>
    private async ValueTask<string?> BindAsync(OwnedSessionFeature feature, HttpContext context, int source, string raw)
    {
        var policy = feature.Policy;
        if (policy.Sources!.Transform(source, raw) is not { } token)
        {
            return null;
        }

        var id = IdOf(token, policy);
        var session = id == feature.Session.Id ? feature.Session : await HoldAsync(id, policy);
        if (session is not null && session != feature.Session)
        {
            if (feature.IsProvisional)
            {
                feature.MoveTo(session, context, held);
            }
            else
            {
                held.Exit(session);
            }
        }

        return policy.Method == StickyMethod.Rewrite && session is not null ? Suffixed(raw, session, policy) : raw;
    }

    /// <returns>The session, entered, or null if another node owns it or it has ended.</returns>
    private async ValueTask<HeldSession?> HoldAsync(SessionId id, StickyPolicy policy)
    {
        var asked = held.Asking();
        SessionClaim claim = 1;
        if (policy.Method == StickyMethod.Learn)
        {
            try
            {
                var recorded = await directory.RecordAsync(id, membership.Self.Tag, CancellationToken.None);
                if (recorded.Status != ClaimStatus.Owned)
                {
                    return null;
                }

                claim = new SessionClaim(recorded.Epoch, recorded.Nonce);
            }
            catch (DirectoryUnavailableException) when (!policy.PrefersConsistency)
            {
                // This node's memory says so until the directory can be told: the others ask for it.
                claim = new SessionClaim(1, RedisRecord.NewNonce());
            }
        }

        return held.Adopt(id, claim, created: default, policy, asked, out var session) == EnterStatus.Entered ? session : null;
    }

    private SessionId IdOf(string token, StickyPolicy policy) => ApplicationSessionId.Derive(keys.Current.Current, policy.Name, token);

    private string Suffixed(string value, HeldSession session, StickyPolicy policy)
        => RewrittenToken.Append(
            value,
            protector.Protect(new StickyToken(session.Id, membership.Self.Tag, session.Epoch, session.Created, time.GetUtcNow()), policy.Name, boundTo: value));
}

/// <summary>What a response does to the application's tokens.</summary>
[Flags]
internal enum BoundTokens
{
    None = 0,
    GivenOut = 1,
    TakenAway = 2,
}
