using StickySessions.Tokens;

namespace StickySessions.Forwarding;

/// <summary>The content of a forwarded request's envelope.</summary>
internal sealed class RequestEnvelope
{
    [Flags]
    private enum Facts : byte
    {
        None = 0,
        Body = 1,
        ContentLength = 2,
        Rewritten = 4,
        Upgrade = 8,
        ArrivedHost = 16,
    }

    // What is the same in most envelopes. Any thread may write any of them: each is a complete text.
    private static string? _lastPolicy;
    private static string? _lastIngress;
    private static string? _lastScheme;
    private static string? _lastHost;
    private static string? _lastProtocol;

    public required ForwardedSession Session { get; init; }

    public required string Ingress { get; init; }

    public required OriginalRequest Request { get; init; }

    public void Write(ref EnvelopeWriter writer)
    {
        writer.Byte((byte)Session.Purpose);
        WriteToken(ref writer, Session.Token);
        writer.Text(Session.Policy);
        writer.Text(Ingress);
        WriteRequest(ref writer, Request);
    }

    /// <returns>Null if it is malformed.</returns>
    public static RequestEnvelope? Read(ReadOnlySpan<byte> content)
    {
        var reader = new EnvelopeReader(content);
        var purpose = (ForwardPurpose)reader.Byte();
        var envelope = new RequestEnvelope
        {
            Session = new ForwardedSession(purpose, ReadToken(ref reader), reader.Text(ref _lastPolicy) ?? ""),
            Ingress = reader.Text(ref _lastIngress) ?? "",
            Request = ReadRequest(ref reader),
        };
        return reader.IsComplete && Enum.IsDefined(purpose) ? envelope : null;
    }

    private static void WriteToken(ref EnvelopeWriter writer, in StickyToken token)
    {
        writer.UInt64(token.Session.High);
        writer.UInt64(token.Session.Low);
        writer.Tag(token.Owner);
        writer.UInt32(token.Epoch);
        writer.Int64(token.Created.ToUnixTimeMilliseconds());
        writer.Int64(token.Issued.ToUnixTimeMilliseconds());
    }

    private static StickyToken ReadToken(ref EnvelopeReader reader)
        => new(new SessionId(reader.UInt64(), reader.UInt64()), reader.Tag(), reader.UInt32(), reader.Time(), reader.Time());

    private static void WriteRequest(ref EnvelopeWriter writer, OriginalRequest request)
    {
        writer.Byte((byte)(
            (request.HasBody ? Facts.Body : Facts.None)
            | (request.HasContentLength ? Facts.ContentLength : Facts.None)
            | (request.Rewritten is not null ? Facts.Rewritten : Facts.None)
            | (request.Upgrade is not null ? Facts.Upgrade : Facts.None)
            | (request.ArrivedHost is not null ? Facts.ArrivedHost : Facts.None)));
        writer.Text(request.Method);
        writer.Text(request.Scheme);
        writer.Text(request.Host);
        writer.Text(request.Protocol);
        writer.Address(request.RemoteAddress);
        writer.Number((uint)request.RemotePort);
        writer.Address(request.LocalAddress);
        writer.Number((uint)request.LocalPort);
        writer.Text(request.RawTarget);
        writer.Bytes(request.Certificate.Span);
        if (request.Rewritten is { } path)
        {
            writer.Text(path.PathBase);
            writer.Text(path.Path);
            writer.Text(path.Query);
        }

        if (request.Upgrade is { } upgrade)
        {
            writer.Text(upgrade.Connection);
            writer.Text(upgrade.Upgrade);
            writer.Text(upgrade.Key);
        }

        if (request.ArrivedHost is { } arrived)
        {
            writer.Text(arrived);
        }
    }

    private static OriginalRequest ReadRequest(ref EnvelopeReader reader)
    {
        var facts = (Facts)reader.Byte();
        return new OriginalRequest
        {
            HasBody = (facts & Facts.Body) != 0,
            HasContentLength = (facts & Facts.ContentLength) != 0,
            Method = reader.Text(),
            Scheme = reader.Text(ref _lastScheme) ?? "",
            Host = reader.Text(ref _lastHost),
            Protocol = reader.Text(ref _lastProtocol) ?? "",
            RemoteAddress = reader.Address(),
            RemotePort = (int)reader.Number(),
            LocalAddress = reader.Address(),
            LocalPort = (int)reader.Number(),
            RawTarget = reader.Text(),
            Certificate = reader.Bytes().ToArray(),
            Rewritten = (facts & Facts.Rewritten) != 0
                ? new RequestPath(reader.Text() ?? "", reader.Text() ?? "", reader.Text() ?? "")
                : null,
            Upgrade = (facts & Facts.Upgrade) != 0
                ? new WebSocketUpgrade(reader.Text(), reader.Text(), reader.Text())
                : null,
            ArrivedHost = (facts & Facts.ArrivedHost) != 0 ? reader.Text() : null,
        };
    }
}
