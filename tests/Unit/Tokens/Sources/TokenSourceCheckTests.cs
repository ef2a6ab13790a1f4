using StickySessions.Forwarding;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens.Sources;

public sealed class TokenSourceCheckTests
{
    private const string Key = "StickySessions:Policy:Sources";

    public static TheoryData<StickyTokenSourceOptions> Good =>
    [
        StickyTokenSourceOptions.Cookie("JSESSIONID"),
        StickyTokenSourceOptions.Header("Mcp-Session-Id"),
        StickyTokenSourceOptions.Header("Host"),
        StickyTokenSourceOptions.Query("id"),
        StickyTokenSourceOptions.PathParameter("jsessionid"),
        StickyTokenSourceOptions.RouteValue("tenant"),
        StickyTokenSourceOptions.Claim("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier", "Bearer"),
        StickyTokenSourceOptions.ClientAddress(8, 16),
        StickyTokenSourceOptions.ClientAddress(32, 128),
        StickyTokenSourceOptions.ClientCertificate(),
        StickyTokenSourceOptions.From(_ => "abc"),
        With(transform => transform.Pattern = "^[0-9]+$"),
        With(transform => (transform.Offset, transform.Length) = (1096, 3000)),
        With(transform => (transform.Offset, transform.Length) = (0, 4096)),
        With(transform => (transform.Prefix, transform.Pattern) = ("", "")),
    ];

    public static TheoryData<StickyTokenSourceOptions, string> Bad => new()
    {
        { new() { Kind = (StickyTokenSourceKind)42, Name = "x" }, $"{Key}:Kind is 42: choose one of Cookie" },
        { new(), $"{Key}:Name is missing" },
        { StickyTokenSourceOptions.Claim(" "), $"{Key}:Name is \" \": a source Claim needs" },
        { new() { Kind = StickyTokenSourceKind.ClientAddress, Name = "x" }, $"{Key}:Name is \"x\", but a source ClientAddress has no name: remove it" },
        { new() { Kind = StickyTokenSourceKind.ClientCertificate, Name = "x" }, "a source ClientCertificate has no name" },
        { new() { Kind = StickyTokenSourceKind.Custom, Name = "x", Custom = StickyTokenSourceOptions.From(_ => "").Custom }, "a source Custom has no name" },
        { StickyTokenSourceOptions.Cookie("a;b"), "no cookie name" },
        { StickyTokenSourceOptions.Cookie("größe"), "no cookie name" },
        { StickyTokenSourceOptions.Header("a b"), "no header name" },
        { StickyTokenSourceOptions.Header("a\r\nb"), "no header name" },
        { StickyTokenSourceOptions.Header("sticky-session"), "reserved and removed from requests: choose another name" },
        { StickyTokenSourceOptions.Header(":path"), "a pseudo-header, which never matches" },
        { StickyTokenSourceOptions.Header("cookie"), $"set {Key}:Kind, now Header, to Cookie" },
        { StickyTokenSourceOptions.Header("Set-Cookie"), $"set {Key}:Kind, now Header, to Cookie" },
        { StickyTokenSourceOptions.PathParameter(";jsessionid"), "no path parameter is called" },
        { StickyTokenSourceOptions.PathParameter("jsessionid="), "no path parameter is called" },
        { StickyTokenSourceOptions.RouteValue("{tenant}"), "no route value is called" },
        { StickyTokenSourceOptions.ClientAddress(ipv4: 7), $"{Key}:IPv4PrefixLength is 7: choose 8 to 32." },
        { StickyTokenSourceOptions.ClientAddress(ipv4: 33), "choose 8 to 32" },
        { StickyTokenSourceOptions.ClientAddress(ipv6: 15), $"{Key}:IPv6PrefixLength is 15: choose 16 to 128." },
        { StickyTokenSourceOptions.ClientAddress(ipv6: 129), "choose 16 to 128" },
        { new() { Name = "x", AuthenticationScheme = "Bearer" }, $"{Key}:AuthenticationScheme is \"Bearer\", but only a source Claim" },
        { new() { Kind = StickyTokenSourceKind.Custom }, $"{Key}:Custom is missing: set it in code" },
        { new() { Name = "x", Custom = StickyTokenSourceOptions.From(_ => "").Custom }, $"{Key}:Kind is Cookie: set the kind to Custom" },
        { With(transform => transform.Pattern = "("), $"{Key}:Transform:Pattern is \"(\", which is no regular expression" },
        { With(transform => transform.Pattern = "(?=a)b"), "by backtracking" },
        { With(transform => transform.Pattern = @"(a)\1"), "by backtracking" },
        { With(transform => transform.Pattern = "(?>a+)b"), "by backtracking" },
        { With(transform => transform.Prefix = "a\n"), $"{Key}:Transform:Prefix has control characters" },
        { With(transform => transform.Prefix = new string('x', 4096)), "Prefix has 4096 characters and leaves nothing" },
        { With(transform => (transform.Prefix, transform.Offset) = (new string('x', 2048), 2048)), "which leaves nothing of a token" },
        { With(transform => transform.Offset = -1), $"{Key}:Transform:Offset is -1: choose 0 to 4095." },
        { With(transform => transform.Offset = 4096), "choose 0 to 4095" },
        { With(transform => transform.Length = 0), $"{Key}:Transform:Length is 0: choose 1 to 4096" },
        { With(transform => transform.Length = 4097), "choose 1 to 4096" },
        { With(transform => (transform.Offset, transform.Length) = (1, 4096)), "together more than the 4096 characters" },
    };

    [Theory]
    [MemberData(nameof(Good))]
    public void Problems_GoodSource_AreNone(StickyTokenSourceOptions source)
    {
        Assert.Empty(TokenSourceCheck.Problems(source, Key));
        Assert.Single(new TokenSourceChain([source]).Sources);
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void Problems_BadSource_NameKeyAndRemedy(StickyTokenSourceOptions source, string expected)
    {
        var problem = Assert.Single(TokenSourceCheck.Problems(source, Key));

        Assert.StartsWith(Key, problem, StringComparison.Ordinal);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Problems_SeveralInOneSource_AreAllNamed()
        => Assert.Equal(3, TokenSourceCheck.Problems(new StickyTokenSourceOptions { AuthenticationScheme = "x", Transform = { Offset = -1 } }, Key).Count());

    [Fact]
    public void Problems_PatternOfGiantSize_IsRefusedOrCheap()
    {
        var source = With(transform => transform.Pattern = "^((a{1,1000}){1,1000}){1,1000}$");

        Assert.Contains("by backtracking", Assert.Single(TokenSourceCheck.Problems(source, Key)), StringComparison.Ordinal);
    }

    [Fact]
    public void Problems_SourcesOfAChain_HaveTheirIndexes()
        => Assert.StartsWith($"{Key}:1:Name is missing", Assert.Single(TokenSourceCheck.Problems([StickyTokenSourceOptions.Cookie("a"), new()], Key)), StringComparison.Ordinal);

    [Theory]
    [InlineData("a", "a", 1)]
    [InlineData("a", "A", 0)]
    public void Problems_CookieTwice_IsADuplicateInTheSameCaseOnly(string first, string second, int problems)
        => Assert.Equal(problems, TokenSourceCheck.Problems([StickyTokenSourceOptions.Cookie(first), StickyTokenSourceOptions.Cookie(second)], Key).Count());

    [Fact]
    public void Problems_HeaderTwice_IsADuplicateInAnyCase()
        => Assert.Equal(
            [$"{Key}:1 is Header \"x-id\", as {Key}:0 is: remove one of the two."],
            TokenSourceCheck.Problems([StickyTokenSourceOptions.Header("X-Id"), StickyTokenSourceOptions.Header("x-id")], Key));

    [Fact]
    public void Problems_SameNameWithAnotherTransform_AreNone()
        => Assert.Empty(TokenSourceCheck.Problems([With(transform => transform.Prefix = "a"), With(transform => transform.Prefix = "b")], Key));

    [Fact]
    public void Problems_SourceAfterTheClientAddress_CanNeverMatch()
        => Assert.Equal(
            [$"{Key}:1 can never match, since {Key}:0 is ClientAddress, which every request has: put that one last."],
            TokenSourceCheck.Problems([StickyTokenSourceOptions.ClientAddress(), StickyTokenSourceOptions.Cookie("a")], Key));

    [Fact]
    public void Problems_ClientAddressThatMayNotFit_MayComeEarlier()
    {
        var office = StickyTokenSourceOptions.ClientAddress();
        office.Transform.Pattern = @"^10\..+";

        Assert.Empty(TokenSourceCheck.Problems([office, StickyTokenSourceOptions.Cookie("a")], Key));
    }

    [Fact]
    public void ReservedPrefix_IsTheOneThatNodesUse() => Assert.Equal(StickyHeaders.Prefix, TokenSourceCheck.ReservedPrefix);

    private static StickyTokenSourceOptions With(Action<StickyTokenTransformOptions> change)
    {
        var source = StickyTokenSourceOptions.Cookie("x");
        change(source.Transform);
        return source;
    }
}
