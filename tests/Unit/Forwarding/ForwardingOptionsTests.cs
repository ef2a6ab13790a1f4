using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Forwarding;
using StickySessions.Redis;

namespace StickySessions.Tests.Unit.Forwarding;

public sealed class ForwardingOptionsTests
{
    [Fact]
    public void Defaults_AreValid()
    {
        Assert.True(new StickyForwardingOptionsValidator().Validate(null, new()).Succeeded);
        Assert.True(new StickyInterconnectOptionsValidator().Validate(null, new()).Succeeded);
    }

    [Fact]
    public void Forwarding_SeveralWrong_AllAreNamedWithValueAndRemedy()
    {
        var result = new StickyForwardingOptionsValidator().Validate(
            null, new() { ConnectTimeout = TimeSpan.Zero, MaxInFlightPerNode = 0, ReplayBufferSize = -1, ResponseTimeout = TimeSpan.FromMilliseconds(1) });

        Assert.Equal(4, result.Failures!.Count());
        Assert.Contains("StickySessions:Forwarding:MaxInFlightPerNode is '0'. Set it between 1 and 1000000.", result.Failures!);
    }

    [Theory]
    [InlineData("http://10.0.0.5:6001", true)]
    [InlineData("https://[::1]:0", true)]
    [InlineData("http://*:0", true)]
    [InlineData("http://localhost:6001/", true)]
    [InlineData("http://web-1:6001", false)]
    [InlineData("http://10.0.0.5", false)]
    [InlineData("http://10.0.0.5:70000", false)]
    [InlineData("ftp://10.0.0.5:1", false)]
    [InlineData("http://:1", false)]
    [InlineData("", false)]
    public void Url_IsAcceptedOrNamed(string url, bool valid)
    {
        Assert.Equal(valid, InterconnectEndpoint.TryParse(url, hostMayBeForeign: false, out _));
        var errors = new StickyInterconnectOptionsValidator().Validate(null, new() { Url = url, CertificateFile = "/" }).Failures ?? [];
        Assert.Equal(!valid, errors.Any(error => error.StartsWith($"StickySessions:Interconnect:Url is '{url}'", StringComparison.Ordinal)));
    }

    [Fact]
    public void Interconnect_TlsWithoutCertificate_IsNamed()
    {
        var result = new StickyInterconnectOptionsValidator().Validate(null, new() { Url = "https://*:0", AdvertisedUrl = new Uri("http://web-1:6001/path") });

        Assert.Equal(2, result.Failures!.Count());
    }

    [Theory]
    [InlineData("b", null, null, false)]
    [InlineData("a", null, null, true)]
    [InlineData("b", "http://127.0.0.1:0", null, true)]
    [InlineData("b", null, "localhost", true)]
    [InlineData(null, null, null, true)]
    public void StaticNodes_WithoutThisOne_NeedAnInterconnect(string? listed, string? url, string? redis, bool valid)
    {
        var cluster = new StickyStaticOptions();
        if (listed is not null)
        {
            cluster.Nodes[listed] = "http://10.0.0.5:6001";
        }

        var result = new PublicAddressCheck(
            Options.Create(new StickyNodeOptions { Name = "a" }), Options.Create(cluster), Options.Create(new StickyRedisOptions { Configuration = redis }))
            .Validate(null, new() { Url = url });

        Assert.Equal(valid, result.Succeeded);
        if (!valid)
        {
            Assert.Contains("StickySessions:Node:Name is 'a'", result.FailureMessage, StringComparison.Ordinal);
            Assert.Contains("Add StickySessions:Static:Nodes:a", result.FailureMessage, StringComparison.Ordinal);
        }
    }
}
