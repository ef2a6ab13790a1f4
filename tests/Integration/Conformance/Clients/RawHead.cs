using System.Globalization;
using StickySessions.Tests.Integration.Conformance.Comparing;

namespace StickySessions.Tests.Integration.Conformance.Clients;

/// <summary>The head of an HTTP/1 answer.</summary>
internal sealed record RawHead(string StatusLine, List<(string Name, string Value)> Headers)
{
    public int Status => int.Parse(StatusLine.Split(' ')[1], CultureInfo.InvariantCulture);

    public bool IsInterim => Status is >= 100 and < 200 and not 101;

    public bool IsChunked => Value("Transfer-Encoding") == "chunked";

    public long? ContentLength => Value("Content-Length") is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;

    public void AddTo(Fields fields, int number)
    {
        var parts = StatusLine.Split(' ', 3);
        fields.Set("protocol", parts[0], number);
        fields.Set("status", parts[1], number);
        fields.Set(FieldName.Reason, parts.ElementAtOrDefault(2), number);
        foreach (var (name, value) in Headers)
        {
            fields.AddHeader(name, [ServerClock.IsNow(name, value) ? "now" : value], number);
        }
    }

    private string? Value(string name)
        => Headers.Find(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
}
