using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace StickySessions.Tokens;

/// <summary>Reads what is at one place of a request, as it is written there. Safe for concurrent use.</summary>
internal abstract class TokenSource
{
    /// <summary>Whether each value counts as a token of its own; otherwise the first that is a token counts alone.</summary>
    public virtual bool TakesAll => false;

    /// <summary>The last resort: it is read only if no source before it has found a token.</summary>
    public virtual bool IsLastResort => false;

    public abstract ValueTask<StringValues> ReadAsync(HttpContext context);

    /// <summary>Undoes the notation in which this place carries a value, for a value that was found in a response.</summary>
    public virtual string Plain(string raw) => raw;

    public static TokenSource Create(StickyTokenSourceOptions options) => options.Kind switch
    {
        StickyTokenSourceKind.Cookie => new CookieTokenSource(NameOf(options)),
        StickyTokenSourceKind.Header => new HeaderTokenSource(NameOf(options)),
        StickyTokenSourceKind.Query => new QueryTokenSource(NameOf(options)),
        StickyTokenSourceKind.PathParameter => new PathParameterTokenSource(NameOf(options)),
        StickyTokenSourceKind.RouteValue => new RouteValueTokenSource(NameOf(options)),
        StickyTokenSourceKind.Claim => new ClaimTokenSource(NameOf(options), options.AuthenticationScheme),
        StickyTokenSourceKind.ClientAddress => new ClientAddressTokenSource(options.IPv4PrefixLength, options.IPv6PrefixLength),
        StickyTokenSourceKind.ClientCertificate => new ClientCertificateTokenSource(),
        StickyTokenSourceKind.Custom => new CustomTokenSource(options.Custom ?? throw new ArgumentException("There is no custom source.", nameof(options))),
        _ => throw new ArgumentOutOfRangeException(nameof(options), options.Kind, "There is no such source."),
    };

    private static string NameOf(StickyTokenSourceOptions options)
        => options.Name is { Length: > 0 } name ? name : throw new ArgumentException($"The source {options.Kind} has no name.", nameof(options));
}
