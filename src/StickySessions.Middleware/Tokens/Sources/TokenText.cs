using System.Buffers;

namespace StickySessions.Tokens;

/// <summary>
/// The token rule: 1 to <see cref="MaxLength"/> characters, each of them visible ASCII or a letter of any script. Neither white space nor
/// control characters pass, so that no token can end a header's line or begin another header when it is written into a response.
/// </summary>
internal static class TokenText
{
    public const int MaxLength = 4096;

    private static readonly SearchValues<char> VisibleAscii = SearchValues.Create([.. Enumerable.Range(0x21, 0x7E - 0x21 + 1).Select(c => (char)c)]);

    public static bool IsToken(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text.Length > MaxLength)
        {
            return false;
        }

        var odd = text.IndexOfAnyExcept(VisibleAscii);
        return odd < 0 || OddOnesAreLetters(text[odd..]);
    }

    /// <summary>Whether a transform may look at it: a token may still be cut out of a longer text, such as that of an Authorization header.</summary>
    public static bool IsReadable(ReadOnlySpan<char> text) => text.Length is > 0 and <= MaxLength;

    private static bool OddOnesAreLetters(ReadOnlySpan<char> text)
    {
        foreach (var character in text)
        {
            if (!VisibleAscii.Contains(character) && !(character > 0x7F && char.IsLetter(character)))
            {
                return false;
            }
        }

        return true;
    }
}
