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
    /// Where the appended part of a text begins, or -1. Whatever looks like one counts, genuine or not: either way it is none of the application's business.
    /// </summary>
    public static int IndexOfSuffix(ReadOnlySpan<char> text)
    {
        var at = text.Length - SuffixLength;
        return at > 0 && text[at] == Separator && !text[(at + 1)..].ContainsAnyExcept(Base64Url) ? at : -1;
    }

    /// <summary>The application's part of a text.</summary>
    public static string OwnPart(string text) => IndexOfSuffix(text) is >= 0 and var at ? text[..at] : text;
}
