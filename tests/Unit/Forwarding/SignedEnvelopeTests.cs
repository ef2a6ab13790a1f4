using System.Buffers.Text;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Forwarding;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Forwarding;

public sealed class SignedEnvelopeTests
{
    private static readonly ClusterKey Key = new("a secret for tests of at least 32 characters"u8);
    private static readonly ClusterKey Former = new("a former secret of at least 32 characters too"u8);
    private static readonly DateTimeOffset Now = new FakeTimeProvider().GetUtcNow();

    [Fact]
    public void Envelope_OpenedWithItsRequest_SaysWhatWasWritten()
    {
        var written = Sample();

        Assert.True(Open(Seal(written), out var opened));
        Assert.Equal(EnvelopeKind.Request, opened.Kind);
        var read = RequestEnvelope.Read(opened.Content.Span);
        Assert.NotNull(read);
        Assert.Equal(written.Session, read.Session);
        Assert.Equal(written.Ingress, read.Ingress);
        var (original, restored) = (written.Request, read.Request);
        Assert.Equal(
            (original.Method, original.Scheme, original.Host, original.Protocol, original.RawTarget, original.Rewritten, original.Upgrade),
            (restored.Method, restored.Scheme, restored.Host, restored.Protocol, restored.RawTarget, restored.Rewritten, restored.Upgrade));
        Assert.Equal(
            (original.RemoteAddress, original.RemotePort, original.LocalAddress, original.LocalPort, original.HasBody, original.HasContentLength),
            (restored.RemoteAddress, restored.RemotePort, restored.LocalAddress, restored.LocalPort, restored.HasBody, restored.HasContentLength));
        Assert.Equal(original.Certificate.ToArray(), restored.Certificate.ToArray());
    }

    [Fact]
    public void Envelope_WithFormerKeyOfTheRing_Opens()
        => Assert.True(SignedEnvelope.TryOpen(Seal(Sample(), key: Former), new KeyRing(Key, Former), Now, "GET", "/x", out _));

    [Fact]
    public void Envelope_WithUnknownKey_DoesNotOpen() => Assert.False(Open(Seal(Sample(), key: Former), out _));

    [Theory]
    [InlineData("POST", "/x")]
    [InlineData("GET", "/y")]
    [InlineData("GET", "/x?")]
    public void Envelope_ReplayedForSomethingElse_DoesNotOpen(string method, string target)
        => Assert.False(SignedEnvelope.TryOpen(Seal(Sample()), new KeyRing(Key), Now, method, target, out _));

    [Fact]
    public void StandingEnvelope_WithAnyRequest_Opens()
    {
        var text = Seal(Sample(), kind: EnvelopeKind.Standing, method: "", target: "");

        Assert.True(SignedEnvelope.TryOpen(text, new KeyRing(Key), Now, "POST", "/y", out var opened));
        Assert.Equal((EnvelopeKind.Standing, Now), (opened.Kind, opened.Issued));
    }

    [Fact]
    public void StandingEnvelope_MadeOfOneForARequest_DoesNotOpen()
    {
        var bytes = Base64Url.DecodeFromChars(Seal(Sample()));
        bytes[1] = (byte)EnvelopeKind.Standing;

        Assert.False(SignedEnvelope.TryOpen(Base64Url.EncodeToString(bytes), new KeyRing(Key), Now, "GET", "/x", out _));
    }

    [Theory]
    [InlineData(-299, true)]
    [InlineData(299, true)]
    [InlineData(-301, false)]
    [InlineData(301, false)]
    public void Envelope_OfAnotherTime_OpensOnlyInTheWindow(int seconds, bool opens)
        => Assert.Equal(opens, SignedEnvelope.TryOpen(Seal(Sample()), new KeyRing(Key), Now.AddSeconds(seconds), "GET", "/x", out _));

    [Fact]
    public void Envelope_AnyCharacterChangedOrCutOff_DoesNotOpen()
    {
        var text = Seal(Sample());
        for (var index = 0; index < text.Length; index++)
        {
            var changed = text[..index] + (text[index] == 'A' ? 'B' : 'A') + text[(index + 1)..];
            Assert.False(Open(changed, out _), $"changed at {index}");
            Assert.False(Open(text[..index], out _), $"cut off at {index}");
        }
    }

    [Fact]
    public void Content_Malformed_NeverThrows()
    {
        var random = new Random(1);
        Assert.True(Open(Seal(Sample()), out var opened));
        for (var round = 0; round < 20_000; round++)
        {
            var content = opened.Content.ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                content[random.Next(content.Length)] = (byte)random.Next(256);
            }

            RequestEnvelope.Read(content.AsSpan(0, random.Next(content.Length + 1)));
        }
    }

    [Fact]
    public void Answer_OpensOnlyForItsEnvelopeKeyAndBody()
    {
        var answer = SignedAnswer.Seal(Key, 42, AnswerKind.Peer, [1, 2], [3]);

        Assert.True(SignedAnswer.TryOpen(answer, Key, 42, [3], out var kind, out var content));
        Assert.Equal(AnswerKind.Peer, kind);
        Assert.Equal([1, 2], content.ToArray());
        Assert.False(SignedAnswer.TryOpen(answer, Key, 43, [3], out _, out _));
        Assert.False(SignedAnswer.TryOpen(answer, Key, 42, [4], out _, out _));
        Assert.False(SignedAnswer.TryOpen(answer, Former, 42, [3], out _, out _));
        Assert.False(SignedAnswer.TryOpen("", Key, 42, [3], out _, out _));
        Assert.False(SignedAnswer.TryOpen("%%%", Key, 42, [3], out _, out _));
    }

    [Fact]
    public void NotMine_WrittenAndRead_IsTheSame()
    {
        var notMine = new NotMine(new NodeTag(1, 2), 3, 4, Ended: true);
        var writer = new EnvelopeWriter();
        NotMineCodec.Write(ref writer, notMine);

        Assert.True(NotMineCodec.TryRead(writer.Written, out var read));
        Assert.Equal(notMine, read);
        writer.Dispose();
    }

    private static bool Open(string text, out OpenedEnvelope opened)
        => SignedEnvelope.TryOpen(text, new KeyRing(Key), Now, "GET", "/x", out opened);

    private static string Seal(
        RequestEnvelope envelope, ClusterKey? key = null, EnvelopeKind kind = EnvelopeKind.Request, string method = "GET", string target = "/x")
    {
        key ??= Key;
        var writer = new EnvelopeWriter();
        SignedEnvelope.Begin(ref writer, kind, key, Now);
        envelope.Write(ref writer);
        var text = SignedEnvelope.Seal(ref writer, key, method, target).Text;
        writer.Dispose();
        return text;
    }

    private static RequestEnvelope Sample() => new()
    {
        Session = new ForwardedSession(
            ForwardPurpose.Claim, new StickyToken(SessionId.New(), new NodeTag(9, 8), 7, Now.AddDays(-1), Now.AddMilliseconds(-5)), "default"),
        Ingress = "web-1",
        Request = new OriginalRequest
        {
            Method = "GET",
            Scheme = "https",
            Host = "shop.example:8443",
            Protocol = "HTTP/1.1",
            RemoteAddress = IPAddress.Parse("fe80::1%3"),
            RemotePort = 65535,
            LocalAddress = IPAddress.Loopback,
            LocalPort = 8443,
            RawTarget = "*",
            Rewritten = new RequestPath("/base", "/é", "?q"),
            Certificate = new byte[1500],
            Upgrade = new WebSocketUpgrade("Upgrade", "websocket", null),
            HasBody = true,
            HasContentLength = true,
        },
    };
}
