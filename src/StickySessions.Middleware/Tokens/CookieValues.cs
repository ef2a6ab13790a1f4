using Microsoft.Extensions.Primitives;

namespace StickySessions.Tokens;

/// <summary>
/// Enumerates the values of all cookies of one name in Cookie headers, without allocating. The framework's collection keeps only
/// one of several, but browsers send two when path, domain or Partitioned differ, and only one of them may be valid.
/// </summary>
internal ref struct CookieValues(StringValues headers, string name)
{
    private readonly StringValues _headers = headers;
    private readonly string _name = name;
    private ReadOnlySpan<char> _rest;
    private int _next;

    public ReadOnlySpan<char> Current { get; private set; }

    public readonly CookieValues GetEnumerator() => this;

    public bool MoveNext()
    {
        while (TakePair(out var pair))
        {
            var equals = pair.IndexOf('=');
            if (equals > 0 && pair[..equals].Trim().SequenceEqual(_name))
            {
                Current = Unquote(pair[(equals + 1)..].Trim());
                return true;
            }
        }

        return false;
    }

    private static ReadOnlySpan<char> Unquote(ReadOnlySpan<char> value)
        => value is ['"', .. var inner, '"'] ? inner : value;

    private bool TakePair(out ReadOnlySpan<char> pair)
    {
        while (_rest.IsEmpty)
        {
            if (_next == _headers.Count)
            {
                pair = default;
                return false;
            }

            _rest = _headers[_next++].AsSpan();
        }

        var end = _rest.IndexOf(';');
        pair = end < 0 ? _rest : _rest[..end];
        _rest = end < 0 ? default : _rest[(end + 1)..];
        return true;
    }
}
