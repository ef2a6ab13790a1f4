using System.Text.RegularExpressions;

namespace StickySessions.Tokens;

/// <summary>Makes a token of what a source has found, or finds that it is none. Compiled once, safe for concurrent use.</summary>
internal sealed class TokenTransform
{
    private const string TokenGroup = "token";

    /// <summary>The engine is linear in the text, which is bounded; this only bounds what a monstrous pattern costs.</summary>
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(1);

    private readonly Regex? _pattern;
    private readonly int _group;
    private readonly string _prefix;
    private readonly int _offset;
    private readonly int _length;
    private readonly bool _ignoreCase;

    public TokenTransform(StickyTokenTransformOptions options)
    {
        if (!string.IsNullOrEmpty(options.Pattern))
        {
            _pattern = Compile(options.Pattern, options.IgnoreCase);
            _group = GroupOf(_pattern);
        }

        _prefix = options.Prefix ?? string.Empty;
        _offset = options.Offset;
        _length = options.Length ?? TokenText.MaxLength;
        _ignoreCase = options.IgnoreCase;
    }

    /// <summary>The token, or null if a step does not fit or what comes out breaks the rule of <see cref="TokenText"/>.</summary>
    public string? Apply(string raw)
    {
        if (!TokenText.IsReadable(raw) || !TryMatch(raw, out var part))
        {
            return null;
        }

        var comparison = _ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        if (!part.StartsWith(_prefix, comparison) || part.Length - _prefix.Length <= _offset)
        {
            return null;
        }

        part = part[(_prefix.Length + _offset)..];
        part = part[..Math.Min(_length, part.Length)];
        if (!TokenText.IsToken(part))
        {
            return null;
        }

        var token = part.Length == raw.Length ? raw : part.ToString();
        return _ignoreCase ? token.ToUpperInvariant() : token;
    }

    /// <summary>Finds a token anywhere in a text.</summary>
    public static Func<string, string?> Finder(string pattern) => new TokenTransform(new StickyTokenTransformOptions { Pattern = pattern }).Apply;

    /// <exception cref="ArgumentException">It is no regular expression.</exception>
    /// <exception cref="NotSupportedException">It cannot be matched without backtracking.</exception>
    public static Regex Compile(string pattern, bool ignoreCase)
        => new(
            pattern,
            RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | (ignoreCase ? RegexOptions.IgnoreCase : RegexOptions.None),
            MatchTimeout);

    private static int GroupOf(Regex pattern)
        => pattern.GroupNumberFromName(TokenGroup) is >= 0 and var named ? named : pattern.GetGroupNumbers().Length > 1 ? pattern.GetGroupNumbers()[1] : 0;

    private bool TryMatch(string raw, out ReadOnlySpan<char> part)
    {
        part = raw;
        if (_pattern is null)
        {
            return true;
        }

        try
        {
            var group = _pattern.Match(raw).Groups[_group];
            part = group.ValueSpan;
            return group.Success;
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }
}
