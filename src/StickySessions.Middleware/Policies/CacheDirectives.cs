using Microsoft.Extensions.Primitives;

namespace StickySessions.Policies;

/// <summary>What a Cache-Control header says about shared caches. Reads leniently, as caches do, and allocates nothing.</summary>
/// <param name="ForbidsSharedCaches"><c>no-store</c>, or <c>private</c> for the whole response.</param>
/// <param name="AllowsSharedCaches"><c>public</c>, <c>s-maxage</c> or a positive <c>max-age</c>.</param>
/// <param name="HasMaxAge">Expires counts only without it.</param>
internal readonly record struct CacheDirectives(bool ForbidsSharedCaches, bool AllowsSharedCaches, bool HasMaxAge)
{
    public static CacheDirectives Read(StringValues cacheControl)
    {
        var directives = default(CacheDirectives);
        foreach (var value in cacheControl)
        {
            var rest = value.AsSpan();
            while (!rest.IsEmpty)
            {
                directives = directives.With(NextDirective(ref rest));
            }
        }

        return directives;
    }

    /// <summary>Takes the text up to the next comma that is not inside quotes (<c>private="a, b"</c> is one directive).</summary>
    private static ReadOnlySpan<char> NextDirective(ref ReadOnlySpan<char> rest)
    {
        var quoted = false;
        for (var i = 0; i < rest.Length; i++)
        {
            if (rest[i] == '"')
            {
                quoted = !quoted;
            }
            else if (rest[i] == ',' && !quoted)
            {
                var directive = rest[..i];
                rest = rest[(i + 1)..];
                return directive.Trim();
            }
        }

        var last = rest.Trim();
        rest = default;
        return last;
    }

    private CacheDirectives With(ReadOnlySpan<char> directive)
    {
        var equals = directive.IndexOf('=');
        var name = equals < 0 ? directive : directive[..equals].TrimEnd();

        // With field names (private="Set-Cookie") the rest of the response may be stored, and not all caches know this form.
        if (Is(name, "no-store") || (Is(name, "private") && equals < 0))
        {
            return this with { ForbidsSharedCaches = true };
        }

        if (Is(name, "max-age"))
        {
            return this with { HasMaxAge = true, AllowsSharedCaches = AllowsSharedCaches || IsPositive(directive[(equals + 1)..]) };
        }

        return Is(name, "public") || Is(name, "s-maxage") ? this with { AllowsSharedCaches = true } : this;
    }

    private static bool Is(ReadOnlySpan<char> name, string directive) => name.Equals(directive, StringComparison.OrdinalIgnoreCase);

    /// <summary>Digits that are not all zero, however many: a number too large to parse is a long time.</summary>
    private static bool IsPositive(ReadOnlySpan<char> argument)
    {
        var digits = argument.Trim().Trim('"');
        return !digits.ContainsAnyExceptInRange('0', '9') && digits.ContainsAnyExcept('0');
    }
}
