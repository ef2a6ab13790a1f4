using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ShopCart.Prove;

/// <summary>An HTTP/1.1 answer that ended with its connection.</summary>
internal sealed record HttpAnswer(int Status, IReadOnlyList<KeyValuePair<string, string>> Headers, string Body)
{
    /// <summary>Null if the answer is not whole: a truncated one must not pass for a good one.</summary>
    public static HttpAnswer? TryParse(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return null;
        }

        var lines = Encoding.UTF8.GetString(bytes[..end]).Split("\r\n");
        if (lines[0].Split(' ') is not ["HTTP/1.1", var status, ..])
        {
            return null;
        }

        var headers = lines.Skip(1)
            .Select(line => line.Split(": ", 2))
            .Where(parts => parts.Length == 2)
            .Select(parts => KeyValuePair.Create(parts[0].ToLowerInvariant(), parts[1]))
            .ToList();

        return ReadBody(headers, bytes[(end + 4)..]) is { } body
            ? new HttpAnswer(int.Parse(status, CultureInfo.InvariantCulture), headers, body)
            : null;
    }

    /// <summary>The status, and the reason if the body is a problem that has one.</summary>
    public string DescribeProblem()
    {
        try
        {
            using var problem = JsonDocument.Parse(Body);
            return problem.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("reason", out var reason)
                ? $"{Status} {reason}"
                : $"{Status}";
        }
        catch (JsonException)
        {
            return $"{Status}";
        }
    }

    private static string? ReadBody(List<KeyValuePair<string, string>> headers, ReadOnlySpan<byte> bytes)
    {
        if (headers.Exists(header => header is { Key: "transfer-encoding", Value: "chunked" }))
        {
            return ReadChunks(bytes);
        }

        var length = headers.Find(header => header.Key == "content-length").Value;
        return length is null || length == bytes.Length.ToString(CultureInfo.InvariantCulture) ? Encoding.UTF8.GetString(bytes) : null;
    }

    private static string? ReadChunks(ReadOnlySpan<byte> bytes)
    {
        var body = new StringBuilder();
        while (bytes.IndexOf("\r\n"u8) is > 0 and var end
               && int.TryParse(bytes[..end], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var size))
        {
            if (size == 0)
            {
                return body.ToString();
            }

            bytes = bytes[(end + 2)..];
            if (bytes.Length < size + 2)
            {
                return null;
            }

            body.Append(Encoding.UTF8.GetString(bytes[..size]));
            bytes = bytes[(size + 2)..];
        }

        return null;
    }
}
