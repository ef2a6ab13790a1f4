using System.Buffers;
using System.Globalization;

namespace StickySessions.Tokens;

/// <summary>Finds all that is wrong with token sources at start-up; each message has the configuration key, the value and the remedy.</summary>
internal static class TokenSourceCheck
{
    /// <summary>Headers that begin with it are the nodes' own, and removed from what clients send.</summary>
    public const string ReservedPrefix = "Sticky-";

    private const string NeverIn = "\0\r\n\t ;,\"\\";

    /// <summary>The characters of a token (RFC 9110 §5.6.2), which is what names of headers (§5.1) and cookies (RFC 6265 §4.1.1) are made of.</summary>
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Those of a path segment that end a name, or that no target has (RFC 3986 §3.3).</summary>
    private static readonly SearchValues<char> NotInPathParameters = SearchValues.Create("/;=?#" + NeverIn);

    private static readonly SearchValues<char> NotInRouteValues = SearchValues.Create("/{}*?");

    /// <summary>What is wrong with the sources of one policy, singly and together.</summary>
    /// <param name="sources">The sources, in their order.</param>
    /// <param name="key">The configuration key of the list.</param>
    public static IEnumerable<string> Problems(IReadOnlyList<StickyTokenSourceOptions> sources, string key)
        => sources.SelectMany((source, index) => Problems(source, At(key, index)))
            .Concat(sources.SelectMany((source, index) => ProblemsWithEarlierOnes(sources, index, key)));

    /// <summary>What is wrong with one source.</summary>
    /// <param name="source">The source.</param>
    /// <param name="key">Its configuration key.</param>
    public static IEnumerable<string> Problems(StickyTokenSourceOptions source, string key)
    {
        if (!Enum.IsDefined(source.Kind))
        {
            return [$"{key}:Kind is {source.Kind}: choose one of {string.Join(", ", Enum.GetNames<StickyTokenSourceKind>())}."];
        }

        return [.. OfName(source, key), .. OfWhatOnlyOneKindHas(source, key), .. TokenTransformCheck.Problems(source.Transform, $"{key}:Transform")];
    }

    private static string At(string key, int index) => string.Create(CultureInfo.InvariantCulture, $"{key}:{index}");

    private static IEnumerable<string> ProblemsWithEarlierOnes(IReadOnlyList<StickyTokenSourceOptions> sources, int index, string key)
    {
        for (var earlier = 0; earlier < index; earlier++)
        {
            if (AlwaysMatches(sources[earlier]))
            {
                yield return $"{At(key, index)} can never match, since {At(key, earlier)} is {sources[earlier].Kind}, which every request has: put that one last.";
            }
            else if (AreSame(sources[earlier], sources[index]))
            {
                yield return $"{At(key, index)} is {Describe(sources[index])}, as {At(key, earlier)} is: remove one of the two.";
            }
        }
    }

    private static IEnumerable<string> OfName(StickyTokenSourceOptions source, string key)
    {
        var name = source.Name;
        if (!HasName(source.Kind))
        {
            return string.IsNullOrEmpty(name) ? [] : [$"{key}:Name is \"{name}\", but a source {source.Kind} has no name: remove it, or choose another {key}:Kind."];
        }

        if (string.IsNullOrWhiteSpace(name))
        {
            return [$"{key}:Name is {(name is null ? "missing" : $"\"{name}\"")}: a source {source.Kind} needs the name of what it reads."];
        }

        return source.Kind switch
        {
            StickyTokenSourceKind.Header => OfHeader(name, key),
            StickyTokenSourceKind.Cookie when name.AsSpan().ContainsAnyExcept(NameCharacters)
                => [$"{key}:Name is \"{name}\", which is no cookie name (RFC 6265) and never matches: use letters, digits and any of !#$%&'*+-.^_`|~."],
            StickyTokenSourceKind.PathParameter when name.AsSpan().ContainsAny(NotInPathParameters)
                => [$"{key}:Name is \"{name}\", which no path parameter is called and never matches: use the text between ; and =."],
            StickyTokenSourceKind.RouteValue when name.AsSpan().ContainsAny(NotInRouteValues)
                => [$"{key}:Name is \"{name}\", which no route value is called and never matches: use the name inside the braces, without a constraint."],
            _ => [],
        };
    }

    private static IEnumerable<string> OfHeader(string name, string key)
    {
        if (name.StartsWith(ReservedPrefix, StringComparison.OrdinalIgnoreCase))
        {
            yield return $"{key}:Name is \"{name}\", but headers that begin with {ReservedPrefix} are reserved and removed from requests: choose another name.";
        }
        else if (name[0] == ':')
        {
            yield return $"{key}:Name is \"{name}\", a pseudo-header, which never matches: use Host for :authority, and a source Query, PathParameter or RouteValue for :path.";
        }
        else if (name.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            yield return $"{key}:Name is \"{name}\", which is no header name (RFC 9110) and never matches: use letters, digits and any of !#$%&'*+-.^_`|~.";
        }
        else if (name.Equals("Cookie", StringComparison.OrdinalIgnoreCase) || name.Equals("Set-Cookie", StringComparison.OrdinalIgnoreCase))
        {
            yield return $"{key}:Name is \"{name}\", but cookies are no headers here: set {key}:Kind, now {nameof(StickyTokenSourceKind.Header)}, to {nameof(StickyTokenSourceKind.Cookie)} and {key}:Name to the cookie's name.";
        }
    }

    private static IEnumerable<string> OfWhatOnlyOneKindHas(StickyTokenSourceOptions source, string key)
    {
        if (source.Kind == StickyTokenSourceKind.ClientAddress && source.IPv4PrefixLength is < 8 or > 32)
        {
            yield return $"{key}:IPv4PrefixLength is {source.IPv4PrefixLength}: choose 8 to 32.";
        }

        if (source.Kind == StickyTokenSourceKind.ClientAddress && source.IPv6PrefixLength is < 16 or > 128)
        {
            yield return $"{key}:IPv6PrefixLength is {source.IPv6PrefixLength}: choose 16 to 128.";
        }

        if (source.Kind != StickyTokenSourceKind.Claim && !string.IsNullOrEmpty(source.AuthenticationScheme))
        {
            yield return $"{key}:AuthenticationScheme is \"{source.AuthenticationScheme}\", but only a source Claim authenticates: remove it, or set {key}:Kind, now {source.Kind}, to Claim.";
        }

        if (source.Kind == StickyTokenSourceKind.Custom && source.Custom is null)
        {
            yield return $"{key}:Kind is Custom, but {key}:Custom is missing: set it in code, with {nameof(StickyTokenSourceOptions)}.{nameof(StickyTokenSourceOptions.From)}(…), or choose another kind.";
        }

        if (source.Kind != StickyTokenSourceKind.Custom && source.Custom is not null)
        {
            yield return $"{key}:Custom is {source.Custom.GetType()}, but {key}:Kind is {source.Kind}: set the kind to Custom, or remove the custom source.";
        }
    }

    private static bool HasName(StickyTokenSourceKind kind)
        => kind is not (StickyTokenSourceKind.ClientAddress or StickyTokenSourceKind.ClientCertificate or StickyTokenSourceKind.Custom);

    /// <summary>Every client over a network has an address; only a transform can find that it does not fit.</summary>
    private static bool AlwaysMatches(StickyTokenSourceOptions source)
        => source is { Kind: StickyTokenSourceKind.ClientAddress, Transform: { Pattern: null or "", Prefix: null or "", Offset: 0 } };

    private static bool AreSame(StickyTokenSourceOptions one, StickyTokenSourceOptions other)
        => one.Kind == other.Kind
            && string.Equals(one.Name, other.Name, one.Kind == StickyTokenSourceKind.Cookie ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase)
            && one.AuthenticationScheme == other.AuthenticationScheme
            && one.Custom == other.Custom
            && TokenTransformCheck.AreSame(one.Transform, other.Transform);

    private static string Describe(StickyTokenSourceOptions source) => source.Name is { } name ? $"{source.Kind} \"{name}\"" : $"{source.Kind}";
}
