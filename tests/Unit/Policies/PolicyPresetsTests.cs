using StickySessions.Policies;
using StickySessions.Tests.Unit.Tokens.Sources;

namespace StickySessions.Tests.Unit.Policies;

public sealed class PolicyPresetsTests
{
    public static TheoryData<StickyPreset> All => [.. Enum.GetValues<StickyPreset>()];

    [Theory]
    [MemberData(nameof(All))]
    public void Apply_EachPreset_IsValidAndSaysWhatItsDocumentationSays(StickyPreset preset)
    {
        var policy = With(preset);
        var expected = preset switch
        {
            StickyPreset.Cookie => "Insert",
            StickyPreset.AspNetCoreSession => "Rewrite Cookie .AspNetCore.Session",
            StickyPreset.AspNetSessionId => "Rewrite Cookie ASP.NET_SessionId",
            StickyPreset.Java => "Learn Cookie JSESSIONID PathParameter jsessionid",
            StickyPreset.Php => "Rewrite Cookie PHPSESSID",
            StickyPreset.AuthenticatedUser => "Hash Claim http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier Claim sub",
            StickyPreset.Tenant => "Hash RouteValue tenant Header X-Tenant-Id Claim tid",
            StickyPreset.SignalRWithoutCookies => "Insert Query sticky",
            StickyPreset.Grpc => "Hash Header session-id",
            StickyPreset.Mcp => "Rewrite Header Mcp-Session-Id",
            StickyPreset.EngineIO => "Learn Query sid",
            StickyPreset.SourceAddress => "Hash ClientAddress ",
            _ => "a preset without a row here",
        };

        Assert.Empty(new StickyPolicyOptionsValidator().Validate(null, policy).Failures ?? []);
        Assert.Equal(expected, string.Join(' ', policy.Sources.Select(source => $"{source.Kind} {source.Name}").Prepend($"{policy.Method}")));
    }

    [Fact]
    public void Apply_Twice_TheLastWins()
    {
        var policy = With(StickyPreset.Java);

        policy.Apply(StickyPreset.Php);

        Assert.Equal("PHPSESSID", Assert.Single(policy.Sources).Name);
    }

    [Fact]
    public void Apply_Unknown_NamesWhatThereIs()
        => Assert.Contains("SourceAddress", Assert.Throws<ArgumentOutOfRangeException>(() => With((StickyPreset)99)).Message, StringComparison.Ordinal);

    [Fact]
    public void Java_LeavesTheRouteOut()
    {
        var policy = With(StickyPreset.Java);

        Assert.Equal(["abc"], Requests.ReadValues(Requests.WithCookies("JSESSIONID=abc.node1"), [.. policy.Sources]));
        Assert.Equal(["abc"], Requests.ReadValues(Requests.WithTarget("/cart;jsessionid=abc.node1?x"), [.. policy.Sources]));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("2024-11-05", true)]
    [InlineData("2025-11-25", true)]
    [InlineData("2025-11-26", false)]
    [InlineData("2026-06-18", false)]
    [InlineData("DRAFT-2026-v1", false)]
    public void Mcp_OfALaterRevision_HasNoSession(string? revision, bool hasSession)
    {
        var request = Requests.WithHeader("Mcp-Session-Id", "abc");
        request.Request.Headers["MCP-Protocol-Version"] = revision;

        Assert.Equal(hasSession ? ["abc"] : [], Requests.ReadValues(request, [.. With(StickyPreset.Mcp).Sources]));
    }

    [Theory]
    [InlineData("0{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000}", "lv_VI97HAXpY6yYWAAAC")]
    [InlineData("0{\"upgrades\":[],\"sid\":\"x\"}", "x")]
    [InlineData("0{\"sid\":\"lv_VI97", null)]
    [InlineData("0{\"sid\":\"\"}", null)]
    [InlineData("4hello", null)]
    public void EngineIO_FindsTheSidOfTheFirstAnswer(string body, string? sid)
        => Assert.Equal(sid, new StickyPolicy("io", With(StickyPreset.EngineIO)).BodyToken!(body));

    private static StickyPolicyOptions With(StickyPreset preset)
    {
        var policy = new StickyPolicyOptions();
        policy.Apply(preset);
        return policy;
    }
}
