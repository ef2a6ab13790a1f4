using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.State;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>
/// What Rewrite and Learn do to the application's response: each token in it that binds a session names this node from now on, by a suffix or in the
/// directory, before the client gets to see it.
/// </summary>
internal sealed class ResponseTokens(
    IClusterKeys keys,
    IClusterMembership membership,
    HeldSessions held,
    IOwnershipDirectory directory,
    ResponseFence fence,
    TokenSuffix suffix,
    TimeProvider time,
    SessionStates? states = null)
{
    /// <summary>Binds what the response gives out.</summary>
    /// <param name="context">The request.</param>
    /// <param name="feature">Its session; one that nothing had bound becomes the one that is bound now.</param>
    /// <returns>
    /// Whether a token was given out, or the one of the request was taken away. Null if that could not be recorded, or the fence has closed meanwhile,
    /// and the response says so now.
    /// </returns>
    public async ValueTask<BoundTokens?> TryBindAsync(HttpContext context, OwnedSessionFeature feature)
    {
        try
        {
            if (!feature.HasFailedToBind)
            {
                var bound = await BindAsync(context, feature);

                // That may have taken time: is this node still the owner?
                return await fence.RefusesAsync(context, feature) ? null : bound;
            }
        }
        catch (DirectoryUnavailableException)
        {
            // As if the body had been the first to say so.
        }

        await fence.ReplaceAsync(context, feature, StickyReasons.DirectoryUnavailable);
        return null;
    }

    /// <exception cref="DirectoryUnavailableException">The binding could not be recorded, and the policy prefers consistency.</exception>
    private async ValueTask<BoundTokens> BindAsync(HttpContext context, OwnedSessionFeature feature)
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
        foreach (var source in policy.Sources!.Sources)
        {
            if (source is { Kind: StickyTokenSourceKind.Cookie, Name: { } name }
                && ValueOf(context, name, feature) is { Length: > 0 } value
                && suffix.TryAppend(value, feature.Session, policy, name.Length + 1) is { } suffixed)
            {
                context.Response.Headers.SetCookie = StringValues.Concat(
                    context.Response.Headers.SetCookie, policy.BuildCookie(context, now).CreateCookieHeader(name, suffixed).ToString());
                return;
            }
        }
    }

    /// <summary>
    /// As it stands there, not decoded: what is written back must be what was sent. Of several cookies, the one of this session; one alone is, even if the
    /// secret that made the session's id is forgotten.
    /// </summary>
    private string? ValueOf(HttpContext context, string name, OwnedSessionFeature feature)
    {
        string? only = null;
        var count = 0;
        foreach (var sent in new CookieValues(context.Request.Headers.Cookie, name))
        {
            if (ApplicationSessionId.Names(keys.Current, feature.Policy.Name, sent, feature.Session.Id))
            {
                return sent.ToString();
            }

            only = count++ == 0 ? sent.ToString() : null;
        }

        return only;
    }

    /// <summary>Whether the cookie that goes is the one that names the session, and not another in which tokens may be.</summary>
    private bool NamesSession(HttpContext context, OwnedSessionFeature feature, int source, string name)
    {
        foreach (var sent in new CookieValues(context.Request.Headers.Cookie, name))
        {
            if (feature.Policy.Sources!.Transform(source, sent.ToString()) is { } token
                && ApplicationSessionId.Names(keys.Current, feature.Policy.Name, token, feature.Session.Id))
            {
                return true;
            }
        }

        return false;
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
                bound = NamesSession(context, feature, source, name) ? BoundTokens.TakenAway : BoundTokens.None;
            }
            else if (await BindAsync(feature, context, source, value, name.Length + 1) is { } rewritten)
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
        if (value.Length == 0 || await BindAsync(feature, context, source, value, around: 0) is not { } rewritten)
        {
            return BoundTokens.None;
        }

        context.Response.Headers[name] = rewritten;
        return BoundTokens.GivenOut;
    }

    /// <summary>
    /// Binds what the body of the response gives out: what the first source will find in later requests. If that cannot be recorded, the response says so
    /// instead as it begins; one that has begun breaks off.
    /// </summary>
    /// <returns>Whether it gives a token out: there is no more to look for.</returns>
    public async ValueTask<bool> TryBindBodyAsync(HttpContext context, OwnedSessionFeature feature, string body)
    {
        if (feature.Policy.BodyToken!(body) is not { } token)
        {
            return false;
        }

        try
        {
            return await BindAsync(feature, context, source: 0, token, around: 0) is not null;
        }
        catch (DirectoryUnavailableException)
        {
            feature.BindingFails();
            if (context.Response.HasStarted)
            {
                await fence.ReplaceAsync(context, feature, StickyReasons.DirectoryUnavailable);
            }

            return true;
        }
    }

    /// <returns>What the client gets in place of the application's token, or null if it is none.</returns>
    private async ValueTask<string?> BindAsync(OwnedSessionFeature feature, HttpContext context, int source, string raw, int around)
    {
        var policy = feature.Policy;
        if (policy.Sources!.Transform(source, raw) is not { } token)
        {
            return null;
        }

        // A session that began under an earlier secret keeps its id.
        var ring = keys.Current;
        var session = ApplicationSessionId.Names(ring, policy.Name, token, feature.Session.Id)
            ? feature.Session
            : await HoldAsync(ApplicationSessionId.Derive(ring.Current, policy.Name, token), policy);
        if (session is not null && session != feature.Session)
        {
            if (feature.IsProvisional)
            {
                states?.Carry(feature.Session, session);
                feature.MoveTo(session, context, held);
            }
            else
            {
                held.Exit(session);
            }
        }

        return policy.Method == StickyMethod.Rewrite && session is { IsEnded: false } ? suffix.TryAppend(raw, session, policy, around) ?? raw : raw;
    }

    /// <returns>The session, entered, or null if another node owns it or it has ended.</returns>
    private async ValueTask<HeldSession?> HoldAsync(SessionId id, StickyPolicy policy)
    {
        var asked = held.Asking();
        var stored = default(StoredState);
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

                (claim, stored) = (new SessionClaim(recorded.Epoch, recorded.Nonce), recorded.State);
            }
            catch (DirectoryUnavailableException) when (!policy.PrefersConsistency)
            {
                // This node's memory says so until the directory can be told: the others ask for it.
                claim = new SessionClaim(1, RedisRecord.NewNonce());
            }
        }

        return held.Adopt(id, claim, created: default, policy, asked, out var session, stored) == EnterStatus.Entered ? session : null;
    }
}

/// <summary>What a response does to the application's tokens.</summary>
[Flags]
internal enum BoundTokens
{
    None = 0,
    GivenOut = 1,
    TakenAway = 2,
}
