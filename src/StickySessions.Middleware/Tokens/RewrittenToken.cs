using System.Buffers;

namespace StickySessions.Tokens;

/// <summary>The application's own token with a session token appended: <c>abc~AQx3…</c>.</summary>
internal static class RewrittenToken
{
    /// <summary>Allowed in cookies (RFC 6265 §4.1.1), headers and URLs, and in no session token.</summary>
    public const char Separator = '~';

    /// <summary>What is appended to each token.</summary>
    public const int SuffixLength = 1 + TokenProtector.TextLength;

    private static readonly SearchValues<char> Base64Url = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    public static string Append(string value, string token) => $"{value}{Separator}{token}";

    /// <summary>
    /// Whether the text ends like something that was appended, genuine or not: either way it is none of the application's business.
    /// </summary>
    public static bool TrySplit(ReadOnlySpan<char> text, out ReadOnlySpan<char> value, out ReadOnlySpan<char> token)
    {
        var at = text.Length - SuffixLength;
        if (at > 0 && text[at] == Separator && !text[(at + 1)..].ContainsAnyExcept(Base64Url))
        {
            (value, token) = (text[..at], text[(at + 1)..]);
            return true;
        }

        (value, token) = (text, default);
        return false;
    }
}
