using Microsoft.Net.Http.Headers;

namespace StickySessions.Policies;

/// <summary>One Set-Cookie header of a response (RFC 6265 §4.1): name and value as they stand there, and whether it takes the cookie away.</summary>
internal readonly ref struct SetCookieValue
{
    private readonly string _header;
    private readonly int _valueStart;
    private readonly int _valueLength;

    private SetCookieValue(string header, int valueStart, int valueLength)
    {
        _header = header;
        _valueStart = valueStart;
        _valueLength = valueLength;
    }

    public string Value => _header.Substring(_valueStart, _valueLength);

    /// <returns>False if the header sets another cookie.</returns>
    public static bool TryRead(string? header, string name, out SetCookieValue cookie)
    {
        cookie = default;
        if (header is null || !header.StartsWith(name, StringComparison.Ordinal) || header.Length <= name.Length || header[name.Length] != '=')
        {
            return false;
        }

        var start = name.Length + 1;
        var end = header.IndexOf(';', start);
        var value = header.AsSpan(start, (end < 0 ? header.Length : end) - start);
        var trimmed = value.Trim();
        if (trimmed is ['"', .., '"'])
        {
            trimmed = trimmed[1..^1];
        }

        cookie = new SetCookieValue(header, start + value.IndexOf(trimmed, StringComparison.Ordinal), trimmed.Length);
        return true;
    }

    /// <summary>Whether browsers forget the cookie: no value, or a lifetime that is over. Max-Age counts before Expires (RFC 6265 §5.3).</summary>
    public bool Deletes(DateTimeOffset now)
        => _valueLength == 0
            || (SetCookieHeaderValue.TryParse(_header, out var parsed)
                && (parsed.MaxAge is { } age ? age <= TimeSpan.Zero : parsed.Expires <= now));

    /// <summary>The header with another value and the same attributes.</summary>
    public string With(string value) => string.Concat(_header.AsSpan(0, _valueStart), value, _header.AsSpan(_valueStart + _valueLength));
}
