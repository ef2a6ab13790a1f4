using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>Finds the session that a request names, whatever kind of token its policy looks for. Safe for concurrent use.</summary>
internal sealed class RequestTokens(
    SessionCookie signed,
    IClusterKeys keys,
    HeldSessions held,
    KnownOwners known,
    IOwnershipDirectory directory,
    HolderSearch search,
    IClusterMembership membership)
{
    /// <summary>
    /// A client may send as many tokens as it likes, and each that this node does not know costs questions to others. Browsers send two of one name where
    /// a path has a cookie of its own; what comes after two that nobody knows is not looked for.
    /// </summary>
    private const int MaxUnknown = 2;

    private readonly SharedLookups<OwnershipRecord?> _lookups = new();

    /// <summary>Completed, and without an allocation, for a policy that looks for its own cookie alone.</summary>
    public ValueTask<TokenFinding> FindAsync(HttpContext context, StickyPolicy policy)
        => policy.Sources is { } sources ? FindAsync(context, policy, sources) : new(signed.Read(context, policy));

    private async ValueTask<TokenFinding> FindAsync(HttpContext context, StickyPolicy policy, TokenSourceChain sources)
    {
        var tokens = await sources.ReadAsync(context);
        if (tokens.IsEmpty)
        {
            return default;
        }

        if (policy.Method == StickyMethod.Insert)
        {
            return FindInserted(tokens, policy);
        }

        if (policy.OnConflict == TokenConflictBehavior.Reject && Disagree(tokens))
        {
            return new(TokenFindingStatus.Conflict, default);
        }

        if (policy.Method == StickyMethod.Rewrite)
        {
            return FindRewritten(tokens, policy);
        }

        return policy.Method == StickyMethod.Learn
            ? await FindLearntAsync(tokens, policy, context.RequestAborted)
            : TokenFinding.Unbound(IdOf(tokens[0], policy));
    }

    /// <summary>The first source with a valid token is right; of several in one source the better one.</summary>
    private TokenFinding FindInserted(ImmutableArray<SourcedToken> tokens, StickyPolicy policy)
    {
        var (best, source) = (default(TokenFinding), -1);
        foreach (var token in tokens)
        {
            var finding = signed.Verify(token.Value, policy);
            if (!best.IsValid || token.Source == source)
            {
                best = SessionCookie.Better(best, finding);
                source = token.Source;
            }
            else if (policy.OnConflict == TokenConflictBehavior.Reject && finding.IsValid && finding.Token.Session != best.Token.Session)
            {
                return new(TokenFindingStatus.Conflict, default);
            }
        }

        return best;
    }

    private TokenFinding FindRewritten(ImmutableArray<SourcedToken> tokens, StickyPolicy policy)
    {
        var best = default(TokenFinding);
        foreach (var token in tokens)
        {
            if (RewrittenToken.IndexOfSuffix(token.Raw) is >= 0 and var at)
            {
                best = SessionCookie.Better(best, signed.Verify(token.Raw.AsSpan(at + 1), policy, boundTo: token.Raw.AsSpan(0, at)));
            }
        }

        // Else it was given out before the policy was there, or by an endpoint that is not sticky, or the suffix is worth nothing.
        return best.IsValid ? best : TokenFinding.Unbound(IdOf(tokens[0], policy));
    }

    /// <summary>The first that somebody knows; a token that was never learnt, or is long forgotten, has a home all the same.</summary>
    private async ValueTask<TokenFinding> FindLearntAsync(ImmutableArray<SourcedToken> tokens, StickyPolicy policy, CancellationToken cancellationToken)
    {
        var best = default(TokenFinding);
        var unknown = 0;
        foreach (var token in tokens)
        {
            var finding = FindKnown(token, policy);
            if (!finding.IsValid && unknown++ < MaxUnknown)
            {
                finding = await LookAsync(token, policy, cancellationToken);
            }

            if (finding.IsValid || finding.Status == TokenFindingStatus.Busy)
            {
                return finding;
            }

            best = SessionCookie.Better(best, finding);
        }

        return best;
    }

    /// <summary>In this node's own memory, and in what it has heard: by the present key, and while the secret is being changed by the others too, so that sessions go on.</summary>
    private TokenFinding FindKnown(in SourcedToken token, StickyPolicy policy)
    {
        foreach (var key in keys.Current.All)
        {
            var session = ApplicationSessionId.Derive(key, policy.Name, token.Value);
            if (held.Find(session) is { IsEnded: false } here)
            {
                return Valid(session, new KnownOwner(membership.Self.Tag, here.Epoch));
            }

            if (known.TryGet(session, out var owner))
            {
                return Valid(session, owner);
            }
        }

        return default;
    }

    /// <summary>In the directory: under all keys at once, of which the present one comes first.</summary>
    private async ValueTask<TokenFinding> LookAsync(SourcedToken token, StickyPolicy policy, CancellationToken cancellationToken)
    {
        var lookups = keys.Current.All
            .Select(key => ApplicationSessionId.Derive(key, policy.Name, token.Value))
            .Select(session => (Session: session, Record: _lookups.TryFindAsync(session, () => LookAsync(session))))
            .ToArray();
        foreach (var (session, lookup) in lookups)
        {
            if (lookup is null)
            {
                return new(TokenFindingStatus.Busy, default);
            }

            if (await lookup.WaitAsync(cancellationToken) is { } record)
            {
                return record.Ended ? new(TokenFindingStatus.Expired, default) : Remember(session, new KnownOwner(record.Owner, record.Epoch));
            }
        }

        return TokenFinding.Unbound(lookups[0].Session);
    }

    private TokenFinding Remember(SessionId session, KnownOwner owner)
    {
        known.Set(session, owner);
        return Valid(session, owner);
    }

    private async Task<OwnershipRecord?> LookAsync(SessionId session)
    {
        try
        {
            return await directory.ReadAsync(session, CancellationToken.None);
        }
        catch (DirectoryUnavailableException)
        {
            return (await search.FindAsync(session, seenEpoch: 0, CancellationToken.None)).ToRecord();
        }
    }

    private SessionId IdOf(in SourcedToken token, StickyPolicy policy) => ApplicationSessionId.Derive(keys.Current.Current, policy.Name, token.Value);

    private static TokenFinding Valid(SessionId session, KnownOwner owner)
        => new(TokenFindingStatus.Valid, new StickyToken(session, owner.Owner, owner.Epoch, default, default));

    private static bool Disagree(ImmutableArray<SourcedToken> tokens)
        => tokens.Any(token => token.Source != tokens[0].Source && token.Value != tokens[0].Value);
}
