namespace StickySessions.Tests.Unit.Middleware;

public sealed class ReachableAddressTests
{
    [Theory]
    [InlineData("http://10.0.0.5:8080", "10.0.0.5", "http://10.0.0.5:8080/")]
    [InlineData("http://[::]:8080", "10.0.0.5", "http://10.0.0.5:8080/")]
    [InlineData("http://0.0.0.0:8080", "web-1.internal", "http://web-1.internal:8080/")]
    [InlineData("http://*:8080", "10.0.0.5", "http://10.0.0.5:8080/")]
    [InlineData("https://+:8443", "10.0.0.5", "https://10.0.0.5:8443/")]
    [InlineData("http://127.0.0.1:8080", "127.0.0.1", "http://127.0.0.1:8080/")]
    [InlineData("http://localhost:5000", "localhost", "http://localhost:5000/")]
    [InlineData("http://[::]:8080", "[2001:db8::5]", "http://[2001:db8::5]:8080/")]
    public void Of_AnAddressThatOthersCanUse_IsIt(string listening, string host, string expected)
        => Assert.Equal(expected, ReachableAddress.Of([listening], host)?.AbsoluteUri);

    [Theory]
    [InlineData("http://localhost:5000", "10.0.0.5")] // seen from another machine, localhost is that machine
    [InlineData("http://[::]:8080", null)]
    [InlineData("http://127.0.0.1:8080", null)]
    [InlineData("unix:/tmp/app.sock", "10.0.0.5")]
    public void Of_AnAddressOnlyThisMachineCanUse_IsNone(string listening, string? host)
        => Assert.Null(ReachableAddress.Of([listening], host));

    [Fact]
    public void Of_NoAddresses_IsNone() => Assert.Null(ReachableAddress.Of(null, "10.0.0.5"));
}
