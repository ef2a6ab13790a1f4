using Microsoft.AspNetCore.Http;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Policies;

public sealed class StickyPolicyOptionsValidatorTests
{
    [Fact]
    public void Validate_Defaults_Succeed() => Assert.Empty(Validate(_ => { }));

    [Fact]
    public void Validate_HostPrefixWithSecureAlways_Succeeds()
        => Assert.Empty(Validate(options =>
        {
            options.Cookie.Name = "__Host-session";
            options.Cookie.SecurePolicy = CookieSecurePolicy.Always;
            options.Cookie.SameSite = SameSiteMode.None;
            options.Partitioned = true;
        }));

    [Theory]
    [InlineData("__Host-session")]
    [InlineData("__host-session")]
    [InlineData("__Secure-session")]
    public void Validate_PrefixWithoutSecureAlways_NamesTheRemedy(string name)
    {
        var error = Assert.Single(Validate(options => options.Cookie.Name = name));

        Assert.Contains($"StickySessions:Policy:Cookie:Name is \"{name}\"", error, StringComparison.Ordinal);
        Assert.Contains("SecurePolicy, now SameAsRequest, to Always", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_HostPrefixWithPathAndDomain_ReportsBoth()
    {
        var errors = Validate(options =>
        {
            options.Cookie.Name = "__Host-session";
            options.Cookie.SecurePolicy = CookieSecurePolicy.Always;
            options.Cookie.Path = "/shop";
            options.Cookie.Domain = "example.com";
        });

        Assert.Collection(
            errors,
            error => Assert.Contains("Cookie:Path is \"/shop\"", error, StringComparison.Ordinal),
            error => Assert.Contains("Cookie:Domain is \"example.com\"", error, StringComparison.Ordinal));
    }

    [Fact]
    public void Validate_PartitionedAndSameSiteNoneWithoutSecure_ReportsBoth()
        => Assert.Equal(2, Validate(options =>
        {
            options.Partitioned = true;
            options.Cookie.SameSite = SameSiteMode.None;
        }).Count);

    [Theory]
    [InlineData("a b")]
    [InlineData("a=b")]
    [InlineData("a;b")]
    [InlineData("a,b")]
    [InlineData("a\"b")]
    [InlineData("ä")]
    [InlineData("a\u0000")]
    public void Validate_NameThatIsNoToken_IsRefused(string name)
        => Assert.Contains("Cookie:Name", Assert.Single(Validate(options => options.Cookie.Name = name)), StringComparison.Ordinal);

    [Theory]
    [InlineData("shop")]
    [InlineData("/a;b")]
    [InlineData("/a\n")]
    public void Validate_PathThatIsNone_IsRefused(string path)
        => Assert.Contains("Cookie:Path", Assert.Single(Validate(options => options.Cookie.Path = path)), StringComparison.Ordinal);

    [Fact]
    public void Validate_ManyErrors_ReportsAllAtOnce()
    {
        var errors = Validate(options =>
        {
            options.Cookie.Name = "no good";
            options.IdleTimeout = TimeSpan.Zero;
            options.AbsoluteTimeout = TimeSpan.FromDays(400);
            options.Cookie.MaxAge = TimeSpan.Zero;
            options.Cookie.Expiration = TimeSpan.FromSeconds(-1);
        });

        Assert.Equal(["Cookie:Name", "Cookie:MaxAge", "Cookie:Expiration", "IdleTimeout", "AbsoluteTimeout"],
            errors.Select(error => error["StickySessions:Policy:".Length..error.IndexOf(' ', StringComparison.Ordinal)]));
    }

    [Fact]
    public void Validate_PlacementAndOwnerLost_ReportsAllAtOnce()
    {
        var errors = Validate(options =>
        {
            options.FirstRequestTimeout = TimeSpan.Zero;
            options.Placement = (PlacementStrategy)9;
            options.LoadFactor = 0.9;
            options.OnOwnerLost = (OwnerLostBehavior)9;
            options.OwnerLostWait = TimeSpan.FromHours(1);
        });

        Assert.Equal(["FirstRequestTimeout", "Placement", "LoadFactor", "OnOwnerLost", "OwnerLostWait"],
            errors.Select(error => error["StickySessions:Policy:".Length..error.IndexOf(' ', StringComparison.Ordinal)]));
        Assert.Contains("LoadFactor is 0.9: choose 1 to 100", errors[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(1_001, 601_000)]
    public void Validate_Queue_ReportsBoth(int mostQueued, int timeoutInMilliseconds)
    {
        var errors = Validate(options => (options.MaxQueued, options.QueueTimeout) = (mostQueued, TimeSpan.FromMilliseconds(timeoutInMilliseconds)));

        Assert.Equal(["MaxQueued", "QueueTimeout"],
            errors.Select(error => error["StickySessions:Policy:".Length..error.IndexOf(' ', StringComparison.Ordinal)]));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(100.1)]
    public void Validate_LoadFactorThatIsNone_IsRefused(double factor) => Assert.Single(Validate(options => options.LoadFactor = factor));

    [Fact]
    public void Validate_AbsoluteShorterThanIdle_PrintsBothValues()
    {
        var error = Assert.Single(Validate(options => options.AbsoluteTimeout = TimeSpan.FromMinutes(5)));

        Assert.Contains("00:05:00", error, StringComparison.Ordinal);
        Assert.Contains("00:20:00", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_NamedPolicy_NamesItsOwnSection()
    {
        var options = new StickyPolicyOptions { IdleTimeout = TimeSpan.Zero };
        options.Cookie.Name = "no good";

        var errors = new StickyPolicyOptionsValidator().Validate("chat", options).Failures!;

        Assert.All(errors, error => Assert.StartsWith("StickySessions:Policies:chat:", error, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/chat/")]
    [InlineData("/chat/*")]
    [InlineData("/chat/{id}")]
    [InlineData("/chat?a=b")]
    [InlineData("/caf%C3%A9")]
    public void Validate_PrefixThatNoPathHas_IsRefused(string prefix)
        => Assert.Contains(
            $"StickySessions:Policy:PathPrefixes:1 is \"{prefix}\"",
            Assert.Single(Validate(options =>
            {
                options.PathPrefixes.Add("/café");
                options.PathPrefixes.Add(prefix);
            })),
            StringComparison.Ordinal);

    [Theory]
    [InlineData(StickyMethod.Rewrite)]
    [InlineData(StickyMethod.Learn)]
    [InlineData(StickyMethod.Hash)]
    public void Validate_MethodWithoutSources_IsRefused(StickyMethod method)
        => Assert.StartsWith(
            "StickySessions:Policy:Sources is empty", Assert.Single(Validate(options => options.Method = method)), StringComparison.Ordinal);

    [Theory]
    [InlineData(StickyMethod.Insert, StickyTokenSourceKind.Query, true)]
    [InlineData(StickyMethod.Insert, StickyTokenSourceKind.Header, true)]
    [InlineData(StickyMethod.Insert, StickyTokenSourceKind.Claim, false)]
    [InlineData(StickyMethod.Insert, StickyTokenSourceKind.PathParameter, false)]
    [InlineData(StickyMethod.Rewrite, StickyTokenSourceKind.Header, true)]
    [InlineData(StickyMethod.Rewrite, StickyTokenSourceKind.Query, false)]
    [InlineData(StickyMethod.Rewrite, StickyTokenSourceKind.ClientAddress, false)]
    [InlineData(StickyMethod.Hash, StickyTokenSourceKind.ClientAddress, true)]
    public void Validate_SourceThatTheMethodCannotUse_IsRefused(StickyMethod method, StickyTokenSourceKind kind, bool possible)
    {
        var errors = Validate(options =>
        {
            options.Method = method;
            options.Sources.Add(new StickyTokenSourceOptions { Name = options.Cookie.Name });
            options.Sources.Add(new StickyTokenSourceOptions { Kind = kind, Name = kind == StickyTokenSourceKind.ClientAddress ? null : "a" });
        });

        Assert.Equal(possible ? 0 : 1, errors.Count);
        Assert.All(errors, error => Assert.StartsWith($"StickySessions:Policy:Sources:1:Kind is {kind}", error, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false, "a")]
    [InlineData(true, "former", ".StickySession")]
    public void Validate_CookieThatInsertNeverWrites_IsRefusedUnlessItIsAFormerName(bool possible, params string[] cookies)
    {
        var errors = Validate(options =>
        {
            foreach (var cookie in cookies)
            {
                options.Sources.Add(StickyTokenSourceOptions.Cookie(cookie));
            }
        });

        Assert.Equal(possible ? 0 : 1, errors.Count);
        Assert.All(errors, error => Assert.StartsWith("StickySessions:Policy:Sources:0 is Cookie \"a\" and never matches", error, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(OwnerLostBehavior.Reject)]
    [InlineData(OwnerLostBehavior.WaitThenReassign)]
    public void Validate_HashThatDoesNotReassign_IsRefused(OwnerLostBehavior behavior)
        => Assert.StartsWith(
            $"StickySessions:Policy:OnOwnerLost is {behavior}",
            Assert.Single(Validate(options =>
            {
                options.Method = StickyMethod.Hash;
                options.Sources.Add(new StickyTokenSourceOptions { Name = "a" });
                options.OnOwnerLost = behavior;
            })),
            StringComparison.Ordinal);

    [Fact]
    public void Validate_UndefinedValues_ReportsAllAtOnce()
    {
        var errors = Validate(options =>
        {
            options.Method = (StickyMethod)9;
            options.OnConflict = (TokenConflictBehavior)9;
            options.Sources.Add(new StickyTokenSourceOptions { Kind = (StickyTokenSourceKind)99 });
            options.Cookie.SameSite = (SameSiteMode)9;
            options.Cookie.SecurePolicy = (CookieSecurePolicy)9;
        });

        Assert.Equal(["Method", "OnConflict", "Sources:0:Kind", "Cookie:SameSite", "Cookie:SecurePolicy"],
            errors.Select(error => error["StickySessions:Policy:".Length..error.IndexOf(' ', StringComparison.Ordinal)]));
    }

    private static List<string> Validate(Action<StickyPolicyOptions> configure)
    {
        var options = new StickyPolicyOptions();
        configure(options);
        return [.. new StickyPolicyOptionsValidator().Validate(null, options).Failures ?? []];
    }
}
