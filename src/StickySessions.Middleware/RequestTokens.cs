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
        foreach (var token in tokens)
        {
            var finding = await FindLearntAsync(token, policy, cancellationToken) ?? TokenFinding.Unbound(IdOf(token, policy));
            if (finding.Status == TokenFindingStatus.Busy)
            {
                return finding;
            }

            best = SessionCookie.Better(best, finding);
            if (best.IsValid)
            {
                break;
            }
        }

        return best;
    }

    /// <summary>By the present key, and while the secret is being changed by the other one too: sessions go on.</summary>
    private async ValueTask<TokenFinding?> FindLearntAsync(SourcedToken token, StickyPolicy policy, CancellationToken cancellationToken)
    {
        foreach (var key in keys.Current.All)
        {
            if (await FindLearntAsync(ApplicationSessionId.Derive(key, policy.Name, token.Value), cancellationToken) is { } finding)
            {
                return finding;
            }
        }

        return null;
    }

    /// <returns>Null if nobody knows the session.</returns>
    private async ValueTask<TokenFinding?> FindLearntAsync(SessionId session, CancellationToken cancellationToken)
    {
        // 1. This node's own memory, and what it has heard.
        if (held.Find(session) is { IsEnded: false } here)
        {
            return Valid(session, new KnownOwner(membership.Self.Tag, here.Epoch));
        }

        if (known.TryGet(session, out var owner))
        {
            return Valid(session, owner);
        }

        // 2. The directory.
        if (_lookups.TryFindAsync(session, () => LookAsync(session)) is not { } lookup)
        {
            return new(TokenFindingStatus.Busy, default);
        }

        var record = await lookup.WaitAsync(cancellationToken);
        if (record is not { Ended: false } found)
        {
            return record is null ? null : new(TokenFindingStatus.Expired, default);
        }

        owner = new KnownOwner(found.Owner, found.Epoch);
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
