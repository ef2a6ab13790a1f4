using System.Net.Sockets;
using StickySessions.Tests.Integration.Conformance.Comparing;

namespace StickySessions.Tests.Integration.Conformance.Clients;

/// <summary>Reads whole HTTP/1 answers into fields.</summary>
internal static class RawExchange
{
    /// <summary>Sends the request in one go and reads the answer to its end.</summary>
    public static async Task<Fields> SendAsync(this RawConnection connection, Route route, RawRequest request)
    {
        await connection.WriteAsync([.. request.HeadBytes(route), .. request.BodyBytes()]);
        var answer = new Fields();
        await connection.ReadAnswerAsync(answer, request.IsHead);
        return answer;
    }

    public static async Task ReadAnswerAsync(this RawConnection connection, Fields answer, bool isHead = false, int number = 1)
    {
        var interim = new List<int>();
        var head = await connection.ReadHeadAsync();
        for (; head.IsInterim; head = await connection.ReadHeadAsync())
        {
            interim.Add(head.Status);
        }

        answer.Set("interim answers", string.Join(", ", interim), number);
        head.AddTo(answer, number);
        await connection.ReadBodyAsync(head, answer, isHead, number);
    }

    /// <summary>Reads what follows a head. How much of a truncated body arrives is chance, so it is not compared.</summary>
    public static async Task ReadBodyAsync(this RawConnection connection, RawHead head, Fields answer, bool isHead = false, int number = 1)
    {
        try
        {
            answer.SetBody(await connection.ReadBodyAsync(head, answer, number, hasNone: isHead || head.Status is 101 or 204 or 304), number);
            answer.Set("ending", "complete", number);
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            answer.Set("ending", "truncated", number);
        }
    }

    private static async Task<byte[]> ReadBodyAsync(this RawConnection connection, RawHead head, Fields answer, int number, bool hasNone)
    {
        if (hasNone)
        {
            return [];
        }

        if (head.IsChunked)
        {
            return await connection.ReadChunkedAsync(answer, number);
        }

        return head.ContentLength is { } length ? await connection.ReadExactlyAsync(length) : await connection.ReadToEndAsync();
    }

    private static async Task<byte[]> ReadChunkedAsync(this RawConnection connection, Fields answer, int number)
    {
        var body = new List<byte>();
        for (byte[] chunk; (chunk = await connection.ReadChunkAsync()).Length > 0;)
        {
            body.AddRange(chunk);
        }

        foreach (var (name, value) in await connection.ReadHeadersAsync())
        {
            answer.AddTrailer(name, [value], number);
        }

        return [.. body];
    }
}
