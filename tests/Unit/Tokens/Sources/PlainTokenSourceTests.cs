using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens.Sources;

/// <summary>The sources that need no more than a glance.</summary>
public sealed class PlainTokenSourceTests
{
    [Theory]
    [InlineData("abc", "abc")]
    [InlineData("a,b", "a,b")]
    [InlineData("\"abc\"", "\"abc\"")]
    public void Header_Value_IsTakenAsItIs(string value, string expected)
        => Assert.Equal(expected, Requests.ReadOne(Requests.WithHeader("Mcp-Session-Id", value), StickyTokenSourceOptions.Header("mcp-session-id")));

    [Fact]
    public void Header_SentSeveralTimes_IsTheFirstThatIsAToken()
        => Assert.Equal("abc", Requests.ReadOne(Requests.WithHeader("X", null, "", "no token", "abc", "def"), StickyTokenSourceOptions.Header("X")));

    [Fact]
    public void Header_FirstThatFitsTheTransform_IsTaken()
    {
        var source = StickyTokenSourceOptions.Header("Authorization");
        source.Transform.Prefix = "Bearer ";

        Assert.Equal("abc", Requests.ReadOne(Requests.WithHeader("Authorization", "Basic xyz", "Bearer abc"), source));
    }

    [Theory]
    [InlineData("?id=abc", "abc")]
    [InlineData("?ID=abc", "abc")]
    [InlineData("?a=b&id=abc&id=def", "abc")]
    [InlineData("?i%64=a%2Bb%26c", "a+b&c")]
    [InlineData("?id=a=b", "a=b")]
    [InlineData("?id=%zz", "%zz")]
    [InlineData("?&&id=abc&", "abc")]
    [InlineData("?id=&id=abc", null)]
    [InlineData("?id", null)]
    [InlineData("?id=a+b", null)]
    [InlineData("?id=a%0D%0Ab", null)]
    [InlineData("?id=a%00b", null)]
    [InlineData("?xid=abc", null)]
    [InlineData("", null)]
    public void Query_Parameter_IsTheFirstDecoded(string query, string? expected)
    {
        var context = Requests.WithQuery(query);

        Assert.Equal(expected, Requests.ReadOne(context, StickyTokenSourceOptions.Query("id")));
        Assert.Equal(expected ?? context.Request.Query["ID"].FirstOrDefault(), context.Request.Query["ID"].FirstOrDefault());
    }

    [Theory]
    [InlineData("abc", "abc")]
    [InlineData(42, "42")]
    [InlineData(1.5, "1.5")]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("a b", null)]
    public void RouteValue_Value_IsItsInvariantText(object? value, string? expected)
    {
        CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = { NumberDecimalSeparator = "," } };

        Assert.Equal(expected, Requests.ReadOne(Requests.With(context => context.Request.RouteValues["tenant"] = value), StickyTokenSourceOptions.RouteValue("Tenant")));
    }

    [Theory]
    [InlineData("10.1.2.3", 24, 64, "10.1.2.0/24")]
    [InlineData("10.1.2.3", 32, 64, "10.1.2.3/32")]
    [InlineData("10.255.2.3", 9, 64, "10.128.0.0/9")]
    [InlineData("10.1.2.3", 8, 64, "10.0.0.0/8")]
    [InlineData("::ffff:10.1.2.3", 24, 64, "10.1.2.0/24")]
    [InlineData("2001:db8:1:2:3:4:5:6", 24, 64, "2001:db8:1:2::/64")]
    [InlineData("2001:0DB8:0001:02FF::1", 24, 56, "2001:db8:1:200::/56")]
    [InlineData("2001:db8::1", 24, 128, "2001:db8::1/128")]
    [InlineData("fe80::1%3", 24, 128, "fe80::1/128")]
    [InlineData("::1", 24, 16, "::/16")]
    public void ClientAddress_Address_IsItsNetwork(string address, int ipv4, int ipv6, string expected)
        => Assert.Equal(
            expected,
            Requests.ReadOne(Requests.With(context => context.Connection.RemoteIpAddress = IPAddress.Parse(address)), StickyTokenSourceOptions.ClientAddress(ipv4, ipv6)));

    [Fact]
    public void ClientAddress_Unknown_IsNoToken() => Assert.Null(Requests.ReadOne(Requests.With(_ => { }), StickyTokenSourceOptions.ClientAddress()));

    [Fact]
    public void ClientCertificate_Shown_IsItsThumbprint()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=client", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));

        Assert.Equal(
            Convert.ToHexString(SHA256.HashData(certificate.RawData)),
            Requests.ReadOne(Requests.With(context => context.Connection.ClientCertificate = certificate), StickyTokenSourceOptions.ClientCertificate()));
    }

    [Fact]
    public void ClientCertificate_NotShown_IsNoToken() => Assert.Null(Requests.ReadOne(Requests.With(_ => { }), StickyTokenSourceOptions.ClientCertificate()));

    [Theory]
    [InlineData("abc", "abc")]
    [InlineData(null, null)]
    [InlineData("a\r\nb", null)]
    public void Custom_Method_IsAsked(string? value, string? expected)
        => Assert.Equal(expected, Requests.ReadOne(Requests.With(_ => { }), StickyTokenSourceOptions.From(_ => value)));
}
