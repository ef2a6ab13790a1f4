using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Forwarding;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Forwarding;

public sealed class StandingEnvelopeTests
{
    private static readonly ClusterKey Key = new("a secret for tests of at least 32 characters"u8);
    private static readonly StickyToken Token = new(SessionId.New(), new NodeTag(9, 8), 1, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);

    private readonly FakeTimeProvider _time = new();
    private readonly Keys _keys = new();
    private readonly ConnectionItems _connection = new();

    [Fact]
    public void Seal_RequestsThatSayTheSame_ShareAnEnvelope()
    {
        var first = Seal(Request());
        _time.Advance(TimeSpan.FromSeconds(29));
        var second = Seal(Request(AskForSomethingElse));

        Assert.Same(first.Text, second.Text);
        Assert.Equal(EnvelopeKind.Standing, Open(first).Kind);
    }

    public static TheoryData<string, Action<HttpContext>> Differences => new()
    {
        { "address", context => context.Connection.RemoteIpAddress = IPAddress.Parse("10.9.9.9") },
        { "port", context => context.Connection.RemotePort = 4 },
        { "local address", context => context.Connection.LocalIpAddress = IPAddress.Parse("10.9.9.9") },
        { "local port", context => context.Connection.LocalPort = 4 },
        { "host", context => context.Request.Headers.Host = "other.example" },
        { "no host", context => context.Request.Headers.Remove("Host") },
        { "scheme", context => context.Request.Scheme = "https" },
        { "protocol", context => context.Request.Protocol = "HTTP/1.0" },
        { "content length", context => context.Request.Headers.ContentLength = 0 },
    };

    [Theory]
    [MemberData(nameof(Differences), DisableDiscoveryEnumeration = true)]
    public void Seal_RequestThatDiffersFromTheLast_GetsAnEnvelopeOfItsOwn(string what, Action<HttpContext> change)
    {
        var usual = Seal(Request());

        var different = Seal(Request(change));

        Assert.NotEqual((what, usual.Text), (what, different.Text));
        Assert.Equal((what, EnvelopeKind.Standing), (what, Open(different).Kind));
    }

    [Fact]
    public void Seal_AnotherSession_GetsAnEnvelopeOfItsOwn()
    {
        var one = Seal(Request());
        var other = Seal(Request(), Token with { Session = SessionId.New() });

        Assert.NotEqual(one.Text, other.Text);
    }

    [Fact]
    public void Seal_AfterHalfAMinuteOrWithANewKey_SealsAgain()
    {
        var first = Seal(Request());
        _time.Advance(TimeSpan.FromSeconds(30));
        var second = Seal(Request());
        _keys.Current = new KeyRing(new ClusterKey("another secret for tests of at least 32 characters"u8), Key);
        var third = Seal(Request());

        Assert.NotEqual(first.Text, second.Text);
        Assert.NotEqual(second.Text, third.Text);
    }

    public static TheoryData<string, Action<HttpContext>> Peculiarities => new()
    {
        { "certificate", context => context.Features.Set<ITlsConnectionFeature>(new TlsConnectionFeature { ClientCertificate = Certificate() }) },
        { "path base", context => context.Request.PathBase = "/base" },
        { "rewritten path", context => context.Request.Path = "/rewritten" },
        { "rewritten query", context => context.Request.QueryString = new QueryString("?rewritten") },
        { "arrived host", context => context.Features.Set(new ArrivedHost("arrived.example")) },
        { "no connection", context => context.Features.Set<IConnectionItemsFeature>(null) },
    };

    [Theory]
    [MemberData(nameof(Peculiarities), DisableDiscoveryEnumeration = true)]
    public void Seal_RequestWithSomethingOfItsOwn_IsSealedByItself(string what, Action<HttpContext> change)
    {
        var envelope = Seal(Request(change));

        Assert.Equal((what, EnvelopeKind.Request), (what, Open(envelope).Kind));
    }

    [Theory]
    [InlineData(ForwardPurpose.Claim)]
    [InlineData(ForwardPurpose.Place)]
    public void Seal_WhatIsAskedOnce_IsSealedByItself(object purpose)
        => Assert.Equal(EnvelopeKind.Request, Open(Seal(Request(), purpose: (ForwardPurpose)purpose)).Kind);

    [Fact]
    public void Known_SameTextAndKeysAtTheTime_IsFound()
    {
        var envelope = Seal(Request());
        var opened = Open(envelope);
        var request = new OpenedRequest(opened.Key, opened.Mac, RequestEnvelope.Read(opened.Content.Span)!);
        var known = new KnownEnvelopes();
        known.Add(envelope.Text, _keys.Current, opened.Issued, request);

        Assert.Same(request, known.Find(new string(envelope.Text), _keys.Current, _time.GetUtcNow()));
        Assert.Null(known.Find(envelope.Text[..^1] + (envelope.Text[^1] == 'A' ? 'B' : 'A'), _keys.Current, _time.GetUtcNow()));
        Assert.Null(known.Find((envelope.Text[0] == 'A' ? 'B' : 'A') + envelope.Text[1..], _keys.Current, _time.GetUtcNow()));
        Assert.Null(known.Find(envelope.Text, new KeyRing(Key), _time.GetUtcNow()));
        Assert.Null(known.Find(envelope.Text, _keys.Current, _time.GetUtcNow() + SignedEnvelope.AcceptWindow + TimeSpan.FromSeconds(1)));
        Assert.Null(known.Find("", _keys.Current, _time.GetUtcNow()));
    }

    private SealedEnvelope Seal(HttpContext context, StickyToken? token = null, ForwardPurpose purpose = ForwardPurpose.Serve)
    {
        var sealer = new RequestSealer(_keys, Options.Create(new StickyNodeOptions { Name = "web-1" }), _time);
        using var wire = new HttpRequestMessage(HttpMethod.Get, "http://127.0.0.1/");
        return sealer.Seal(context, wire, new ForwardedSession(purpose, token ?? Token, "default"), "/x?y", rawTarget: null);
    }

    private OpenedEnvelope Open(SealedEnvelope envelope)
    {
        Assert.True(SignedEnvelope.TryOpen(envelope.Text, _keys.Current, _time.GetUtcNow(), "GET", "/x?y", out var opened));
        return opened;
    }

    /// <summary>As the middleware would see it; all come over one connection.</summary>
    private DefaultHttpContext Request(Action<HttpContext>? change = null)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "GET";
        context.Request.Scheme = "http";
        context.Request.Protocol = "HTTP/1.1";
        context.Request.Headers.Host = "shop.example";
        context.Request.Path = "/x";
        context.Request.QueryString = new QueryString("?y");
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = "/x?y";
        context.Connection.RemoteIpAddress = IPAddress.Parse("10.1.1.1");
        context.Connection.RemotePort = 1000;
        context.Connection.LocalIpAddress = IPAddress.Parse("10.1.1.2");
        context.Connection.LocalPort = 80;
        context.Features.Set<IConnectionItemsFeature>(_connection);
        change?.Invoke(context);
        return context;
    }

    private static void AskForSomethingElse(HttpContext context)
    {
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = "/other?q";
        (context.Request.Path, context.Request.QueryString) = ("/other", new QueryString("?q"));
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create();
        return new CertificateRequest("CN=client", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddHours(1));
    }

    private sealed class Keys : IClusterKeys
    {
        public KeyRing Current { get; set; } = new(Key);
    }

    private sealed class ConnectionItems : IConnectionItemsFeature
    {
        public IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();
    }
}
