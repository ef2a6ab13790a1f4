using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace StickySessions.Tests.Integration.Conformance.Comparing;

/// <summary>Names one thing that can be seen of a request or an answer.</summary>
/// <param name="Kind">For instance <c>header</c>.</param>
/// <param name="Name">For instance <c>x-colour</c>; empty if there is only one of the kind.</param>
/// <param name="Number">Which request or answer of the exchange, from 1.</param>
internal readonly record struct FieldName(string Kind, string Name, int Number)
{
    public const string Header = "header";

    /// <summary>The case in which a header's name was written; the header itself is compared without it.</summary>
    public const string Spelling = "spelling of header";

    public const string Reason = "reason phrase";

    public const string Trailer = "trailer";

    public const string BodyLength = "body length";

    public const string Upgradable = "upgradable";

    public const string CanHaveBody = "can have body";

    public override string ToString() => $"{(Number == 1 ? "" : $"#{Number} ")}{Kind} {Name}".TrimEnd();
}

/// <summary>Everything that one side saw of an exchange, field by field. Safe for concurrent use.</summary>
internal sealed class Fields
{
    private const int LongestShownBody = 200;

    private readonly ConcurrentDictionary<FieldName, string[]> _values = new();

    public IEnumerable<FieldName> Names => _values.Keys;

    public string[]? this[FieldName name] => _values.GetValueOrDefault(name);

    /// <summary>The only value of a field of the first request or answer, or null.</summary>
    public string? this[string kind, string name = ""] => this[new FieldName(kind, name, 1)] is [var only] ? only : null;

    public void Set(string kind, object? value, int number = 1)
        => _values[new FieldName(kind, "", number)] = [value?.ToString() ?? "none"];

    public void Remove(string kind, string name = "", int number = 1) => _values.TryRemove(new FieldName(kind, name, number), out _);

    public void AddHeader(string name, IEnumerable<string?> values, int number = 1)
    {
        AddNamed(FieldName.Header, name, values, number);
        AddNamed(FieldName.Spelling, name, [name], number);
    }

    public void AddHeaders(IEnumerable<KeyValuePair<string, StringValues>> headers, int number)
    {
        foreach (var (name, values) in headers)
        {
            AddHeader(name, values, number);
        }
    }

    /// <summary>For a header whose value is made up anew in each exchange: only that it is there is compared.</summary>
    public void Hide(string header) => Rewrite(header, _ => "another each time");

    /// <summary>For a header of which a part is made up anew in each exchange.</summary>
    public void Rewrite(string header, Func<string, string> rewrite)
    {
        foreach (var key in Names.Where(name => name.Kind == FieldName.Header && name.Name == header))
        {
            _values[key] = [.. _values[key].Select(rewrite)];
        }
    }

    public void AddTrailer(string name, IEnumerable<string?> values, int number = 1) => AddNamed(FieldName.Trailer, name, values, number);

    /// <summary>Short bodies are shown, long ones compared by length and hash.</summary>
    public void SetBody(ReadOnlySpan<byte> body, int number = 1)
        => SetBody(body.Length, body.Length <= LongestShownBody ? Encoding.Latin1.GetString(body) : Hash(SHA256.HashData(body)), number);

    public void SetBody(long length, byte[] hash, int number = 1) => SetBody(length, Hash(hash), number);

    private static string Hash(byte[] hash) => $"SHA-256 {Convert.ToHexString(hash)}";

    private void SetBody(long length, string content, int number)
    {
        Set(FieldName.BodyLength, length, number);
        Set("body", content, number);
    }

    private void AddNamed(string kind, string name, IEnumerable<string?> values, int number)
    {
        var key = new FieldName(kind, name.ToUpperInvariant(), number);
        var added = values.Select(value => value ?? "").ToArray();
        _values.AddOrUpdate(key, added, (_, present) => kind == FieldName.Spelling ? present : [.. present, .. added]);
    }
}
