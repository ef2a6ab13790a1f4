using System.Text;
using StickySessions.Tests.Integration.Conformance.Application;

namespace StickySessions.Tests.Integration.Conformance.Clients;

/// <summary>An HTTP/1 request byte for byte. Text stands for its Latin-1 bytes.</summary>
/// <param name="Line">The request line.</param>
internal sealed record RawRequest(string Line)
{
    /// <summary>Null: the request has no such header.</summary>
    public string? Host { get; init; } = Pipelines.Host;

    /// <summary>Cookies beside the session's, in the same header.</summary>
    public string? MoreCookies { get; init; }

    public string[] Headers { get; init; } = [];

    /// <summary>Everything after the head, as it goes over the wire: chunk sizes and trailers included.</summary>
    public string Body { get; init; } = "";

    /// <summary>What the header or target has to say for these characters to arrive as UTF-8.</summary>
    public static string Utf8(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    public bool IsHead => Line.StartsWith("HEAD ", StringComparison.Ordinal);

    public byte[] HeadBytes(Route route)
    {
        var lines = new List<string> { Line };
        if (Host is not null)
        {
            lines.Add($"Host: {Host}");
        }

        lines.AddRange([$"Cookie: {route.Cookie}{(MoreCookies is null ? "" : $"; {MoreCookies}")}", $"{RequestRecorder.IdHeader}: {route.Id}", .. Headers, "", ""]);
        return Encoding.Latin1.GetBytes(string.Join("\r\n", lines));
    }

    public byte[] BodyBytes() => Encoding.Latin1.GetBytes(Body);
}
