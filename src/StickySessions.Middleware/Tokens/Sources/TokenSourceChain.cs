using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace StickySessions.Tokens;

/// <summary>
/// The sources of a policy, in their order. Read at the ingress node, before the request is forwarded; the owner is told what was found.
/// </summary>
internal sealed class TokenSourceChain
{
    /// <summary>A client decides how many tokens it sends, and each may cost a look into the directory.</summary>
    public const int MaxTokens = 8;

    private readonly TokenSource[] _sources;
    private readonly TokenTransform[] _transforms;
    private readonly Func<string, string>? _ownPart;

    /// <param name="sources">They are read now; later changes have no effect.</param>
    /// <param name="ownPart">The application's part of a token in a request, where more was appended to it; transforms see that part only.</param>
    public TokenSourceChain(IReadOnlyList<StickyTokenSourceOptions> sources, Func<string, string>? ownPart = null)
    {
        Sources = [.. sources];
        _sources = [.. sources.Select(TokenSource.Create)];
        _transforms = [.. sources.Select(source => new TokenTransform(source.Transform))];
        _ownPart = ownPart;
    }

    public ImmutableArray<StickyTokenSourceOptions> Sources { get; }

    /// <summary>
    /// All tokens of the request, in the order of the sources, at most <see cref="MaxTokens"/>; a cookie that was sent twice gives two.
    /// Complete at once unless a user must be authenticated or a custom source waits.
    /// </summary>
    public ValueTask<ImmutableArray<SourcedToken>> ReadAsync(HttpContext context)
    {
        var found = ImmutableArray<SourcedToken>.Empty;
        for (var source = 0; source < _sources.Length; source++)
        {
            if (IsNeeded(context, source, found))
            {
                var reading = _sources[source].ReadAsync(context);
                if (!reading.IsCompletedSuccessfully)
                {
                    return ReadRestAsync(context, found, source, reading);
                }

                found = Add(found, source, reading.Result);
            }
        }

        return new(found);
    }

    /// <summary>
    /// The token in a value that stands at this source's place: also for a response, with a cookie's value or a header's as it is written
    /// there. Null if it is none.
    /// </summary>
    public string? Transform(int source, string raw) => _transforms[source].Apply(_sources[source].Plain(raw));

    private async ValueTask<ImmutableArray<SourcedToken>> ReadRestAsync(
        HttpContext context, ImmutableArray<SourcedToken> found, int source, ValueTask<StringValues> reading)
    {
        found = Add(found, source, await reading);
        for (source++; source < _sources.Length; source++)
        {
            if (IsNeeded(context, source, found))
            {
                found = Add(found, source, await _sources[source].ReadAsync(context));
            }
        }

        return found;
    }

    private bool IsNeeded(HttpContext context, int source, ImmutableArray<SourcedToken> found)
        => Sources[source].AppliesTo?.Invoke(context) != false
            && found.Length < MaxTokens && (found.IsEmpty || !_sources[source].IsLastResort);

    private ImmutableArray<SourcedToken> Add(ImmutableArray<SourcedToken> found, int source, StringValues values)
    {
        foreach (var value in values)
        {
            if (found.Length < MaxTokens && value is not null && Token(source, value) is { } token)
            {
                found = found.Add(new(token, source, value));
                if (!_sources[source].TakesAll)
                {
                    break;
                }
            }
        }

        return found;
    }

    private string? Token(int source, string value)
        => TokenText.IsReadable(value) ? _transforms[source].Apply(_ownPart is null ? value : _ownPart(value)) : null;
}
