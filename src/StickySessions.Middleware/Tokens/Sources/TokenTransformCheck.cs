namespace StickySessions.Tokens;

/// <summary>Finds all that is wrong with a transform at start-up, above all what no token can ever fit.</summary>
internal static class TokenTransformCheck
{
    public static IEnumerable<string> Problems(StickyTokenTransformOptions transform, string key)
        => [.. OfPattern(transform, key), .. OfPrefix(transform, key), .. OfPart(transform, key)];

    public static bool AreSame(StickyTokenTransformOptions one, StickyTokenTransformOptions other)
        => (one.Pattern ?? "") == (other.Pattern ?? "") && (one.Prefix ?? "") == (other.Prefix ?? "")
            && one.Offset == other.Offset && one.Length == other.Length && one.IgnoreCase == other.IgnoreCase;

    private static IEnumerable<string> OfPattern(StickyTokenTransformOptions transform, string key)
    {
        if (string.IsNullOrEmpty(transform.Pattern))
        {
            return [];
        }

        try
        {
            TokenTransform.Compile(transform.Pattern, transform.IgnoreCase);
            return [];
        }
        catch (ArgumentException notParsed)
        {
            return [$"{key}:Pattern is \"{transform.Pattern}\", which is no regular expression: {notParsed.Message}"];
        }
        catch (NotSupportedException notLinear)
        {
            return
            [
                $"{key}:Pattern is \"{transform.Pattern}\", which can only be matched by backtracking, whose time a client could choose: "
                    + $"leave out lookarounds, backreferences, atomic groups and conditions, and bound what is repeated. {notLinear.Message}",
            ];
        }
    }

    private static IEnumerable<string> OfPrefix(StickyTokenTransformOptions transform, string key)
    {
        var prefix = transform.Prefix ?? string.Empty;
        if (prefix.Any(char.IsControl))
        {
            yield return $"{key}:Prefix has control characters, which no token has: remove them.";
        }

        if (prefix.Length >= TokenText.MaxLength)
        {
            yield return $"{key}:Prefix has {prefix.Length} characters and leaves nothing of a token, which has at most {TokenText.MaxLength}: choose a shorter one.";
        }
        else if (transform.Offset is >= 0 and < TokenText.MaxLength && prefix.Length + transform.Offset >= TokenText.MaxLength)
        {
            yield return $"{key}:Prefix has {prefix.Length} characters and {key}:Offset is {transform.Offset}, which leaves nothing of a token, which has at most {TokenText.MaxLength}: lower one of the two.";
        }
    }

    private static IEnumerable<string> OfPart(StickyTokenTransformOptions transform, string key)
    {
        if (transform.Offset is < 0 or >= TokenText.MaxLength)
        {
            yield return $"{key}:Offset is {transform.Offset}: choose 0 to {TokenText.MaxLength - 1}.";
        }

        if (transform.Length is < 1 or > TokenText.MaxLength)
        {
            yield return $"{key}:Length is {transform.Length}: choose 1 to {TokenText.MaxLength}, or none for all that follows.";
        }
        else if (transform is { Length: { } length, Offset: > 0 and < TokenText.MaxLength } && transform.Offset + length > TokenText.MaxLength)
        {
            yield return $"{key}:Offset is {transform.Offset} and {key}:Length is {length}, together more than the {TokenText.MaxLength} characters of a token: lower one of the two.";
        }
    }
}
