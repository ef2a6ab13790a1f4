using Microsoft.Extensions.DependencyInjection;

namespace StickySessions.Tests.Integration.Startup;

/// <summary>Policies that could never find a token, or let a client choose how long that takes, stop the start.</summary>
public sealed class PolicyBadInputTests
{
    /// <summary>The columns: the policy, and a few words of what is said.</summary>
    public static TheoryData<string, string> Bad => new()
    {
        { "Preset=AuthenticatedUser", "StickySessions:Policy:Sources:0:Kind is Claim, but no services of authentication are registered" },
        { "Preset=Tenant", "StickySessions:Policy:Sources:2:Kind is Claim, but no services of authentication are registered" },
        { "Preset=Javascript", "StickySessions:Policy:Preset is \"Javascript\": choose one of Cookie, AspNetCoreSession" },
        { "Method=Insert;Sources:0:Name=other", "StickySessions:Policy:Sources:0 is Cookie \"other\" and never matches" },
        { "Method=Rewrite;Sources:0:Kind=Query;Sources:0:Name=id", "the response must carry the token" },
        { "Method=Hash", "StickySessions:Policy:Sources is empty" },
        { "Method=Hash;Sources:0:Kind=Header;Sources:0:Name=a b", "no header name (RFC 9110) and never matches" },
        { "Method=Hash;Sources:0:Kind=ClientAddress;Sources:1:Name=a", "StickySessions:Policy:Sources:1 can never match" },
        { "Method=Hash;Sources:0:Name=a;Sources:0:Transform:Pattern=(", "which is no regular expression" },
        { "Method=Hash;Sources:0:Name=a;Sources:0:Transform:Pattern=(a+)+\\1", "which can only be matched by backtracking" },
        { "Preset=EngineIO;LearnFromBody=(", "StickySessions:Policy:LearnFromBody is \"(\", which is no regular expression" },
        { "Preset=EngineIO;LearnFromBody=(?<=a)b", "StickySessions:Policy:LearnFromBody is \"(?<=a)b\", which can only be matched by backtracking" },
        { "Preset=Php;LearnFromBody=a", "only Learn looks at bodies" },
        { "Preset=Php;CrossSiteTwin=true", "it is for Insert only" },
        { "Preset=Java;PostOnly=true", "it is for Insert only" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task Policy_ThatCannotWork_IsNamedAtStart(string policy, string expected)
    {
        var failure = await TestApp.FailToStartAsync(new TestAppSetup { Sticky = Settings(policy) });

        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Preset=AuthenticatedUser")]
    [InlineData("Preset=Tenant")]
    public async Task Claim_WithAuthentication_Starts(string policy)
    {
        await using var app = await TestApp.StartAsync(new TestAppSetup
        {
            Sticky = Settings(policy),
            AfterAdd = builder => builder.Services.AddAuthentication("Cookies").AddCookie(),
        });

        // Nobody is signed in: no session is bound, and nothing fails.
        Assert.Null((await app.GetAsync("/session")).SetCookie);
    }

    /// <summary>Else each request would fail, and only then.</summary>
    [Fact]
    public async Task Claim_WithASchemeThatDoesNotExist_IsNamedAtStartWithAllElseThatIsWrong()
    {
        var settings = Settings("Method=Hash;Sources:0:Kind=Claim;Sources:0:Name=sub;Sources:0:AuthenticationScheme=Bearer");
        settings["Node:Weight"] = "0";

        var failure = await TestApp.FailToStartAsync(new TestAppSetup
        {
            Sticky = settings,
            AfterAdd = builder => builder.Services.AddAuthentication("Cookies").AddCookie(),
        });

        Assert.Contains("StickySessions:Policy:Sources:0:AuthenticationScheme is \"Bearer\"", failure.Message, StringComparison.Ordinal);
        Assert.Contains("StickySessions:Node:Weight is 0", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>Exponential for an engine that backtracks: 2 to the power of 4,000 ways.</summary>
    [Fact]
    public async Task Pattern_OnATextMadeToBacktrack_AnswersAtOnce()
    {
        await using var app = await TestApp.StartAsync(new TestAppSetup
        {
            Sticky = Settings("Method=Hash;Sources:0:Name=a;Sources:0:Transform:Pattern=^(([a-z])+.)+[A-Z]([a-z])+$"),
        });

        var answer = await app.GetAsync("/session", cookie: $"a={new string('a', 4_000)}").WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        Assert.Equal(System.Net.HttpStatusCode.OK, answer.Status);
    }

    private static Dictionary<string, string?> Settings(string policy)
        => policy.Split(';').Select(setting => setting.Split('=', 2)).ToDictionary(setting => $"Policy:{setting[0]}", setting => (string?)setting[1]);
}
