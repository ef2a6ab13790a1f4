using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Policies;

/// <summary>What a change of configuration does while the application runs.</summary>
public sealed class PolicyStoreTests : IDisposable
{
    private readonly TestPolicies _policies = new(new()
    {
        ["Policies:chat:PathPrefixes:0"] = "/chat",
        ["Policies:chat:Sources:0:Kind"] = "Header",
        ["Policies:chat:Sources:0:Name"] = "X-Chat",
    });

    public void Dispose() => _policies.Dispose();

    [Fact]
    public void Reload_SafeProperties_TakeEffect()
    {
        _policies.Reload(
            ("Policies:chat:IdleTimeout", "00:05:00"),
            ("Policies:chat:Placement", "LeastLoaded"),
            ("Policies:chat:LoadFactor", "2"),
            ("Policies:chat:OnOwnerLost", "Reject"),
            ("Policies:chat:OnRedisLost", "PreferConsistency"),
            ("Policies:chat:Cookie:SameSite", "Strict"),
            ("Policies:chat:PathPrefixes:0", "/talk"));

        var chat = _policies.Resolver.Find("chat")!;
        Assert.Equal(TimeSpan.FromMinutes(5), chat.IdleTimeout);
        Assert.Equal(PlacementStrategy.LeastLoaded, chat.Placement);
        Assert.Equal(2, chat.LoadFactor);
        Assert.Equal(OwnerLostBehavior.Reject, chat.OnOwnerLost);
        Assert.True(chat.PrefersConsistency);
        Assert.Equal(SameSiteMode.Strict, chat.BuildCookie(new DefaultHttpContext(), default).SameSite);
        Assert.Equal("chat", _policies.Resolve("/talk")!.Name);
        Assert.Equal("default", _policies.Resolve("/chat")!.Name);
        Assert.Empty(_policies.Log);
    }

    [Fact]
    public void Reload_WhatNeedsARestart_KeepsTheOldValueAndWarnsOnce()
    {
        (string, string?)[] change =
        [
            ("Policies:chat:Method", "Learn"),
            ("Policies:chat:Sources:0:Transform:Prefix", "Bearer "),
            ("Policies:chat:OnConflict", "Reject"),
            ("Policies:chat:Cookie:Name", "other"),
            ("Policies:chat:IdleTimeout", "00:05:00"),
        ];
        _policies.Reload(change);
        _policies.Reload(("Policies:chat:IdleTimeout", "00:06:00"));

        var options = _policies.Options("chat");
        Assert.Equal(StickyMethod.Insert, options.Method);
        Assert.Null(Assert.Single(options.Sources).Transform.Prefix);
        Assert.Equal(TokenConflictBehavior.PreferFirst, options.OnConflict);
        Assert.Equal(".StickySession.chat", _policies.Resolver.Find("chat")!.CookieName);
        Assert.Equal(TimeSpan.FromMinutes(6), _policies.Resolver.Find("chat")!.IdleTimeout);
        var (id, level, message) = Assert.Single(_policies.Log);
        Assert.Equal((1501, LogLevel.Warning), (id.Id, level));
        Assert.Contains("policy \"chat\" has changed in Method, Sources, OnConflict, Cookie:Name", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("00:00:00")]
    [InlineData("soon")]
    public void Reload_InvalidValue_LeavesThatPolicyAndSaysSoOnce(string value)
    {
        var before = _policies.Resolver.Find("chat");
        (string, string?) wrong = ("Policies:chat:IdleTimeout", value);

        _policies.Reload(wrong, ("Policy:IdleTimeout", "00:05:00"));
        _policies.Reload(wrong);

        Assert.Same(before!.CookieName, _policies.Resolver.Find("chat")!.CookieName);
        Assert.Equal(before.IdleTimeout, _policies.Resolver.Find("chat")!.IdleTimeout);
        Assert.Equal(before.IdleTimeout, _policies.Options("chat").IdleTimeout);
        Assert.Equal(TimeSpan.FromMinutes(5), _policies.Resolver.Default.IdleTimeout);
        var (id, level, message) = Assert.Single(_policies.Log);
        Assert.Equal((1502, LogLevel.Error), (id.Id, level));
        Assert.Contains("StickySessions:Policies:chat:IdleTimeout", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reload_ValueThatFitsOnlyWhatNeedsARestart_IsInvalid()
    {
        using var policies = new TestPolicies(new() { ["Policy:Cookie:Name"] = "__Host-a", ["Policy:Cookie:SecurePolicy"] = "Always" });

        policies.Reload(("Policy:Cookie:Name", "a"), ("Policy:Cookie:SecurePolicy", "None"));

        Assert.Equal([1501, 1502], policies.Log.Select(entry => entry.Id.Id));
        Assert.True(policies.Resolver.Default.BuildCookie(new DefaultHttpContext(), default).Secure);
    }

    [Fact]
    public void Reload_PrefixOfAnotherPolicy_LeavesAllAsTheyWere()
    {
        _policies.Reload(("Policy:PathPrefixes:0", "/chat"), ("Policy:IdleTimeout", "00:05:00"));

        Assert.Equal(TimeSpan.FromMinutes(20), _policies.Resolver.Default.IdleTimeout);
        Assert.Equal((1503, LogLevel.Error), (Assert.Single(_policies.Log).Id.Id, _policies.Log[0].Level));
    }

    [Fact]
    public void Reload_NewPolicy_IsIgnoredWithAWarning()
    {
        _policies.Reload(("Policies:late:PathPrefixes:0", "/late"));

        Assert.Null(_policies.Resolver.Find("late"));
        Assert.Equal("default", _policies.Resolve("/late")!.Name);
        Assert.Equal((1504, LogLevel.Warning), (Assert.Single(_policies.Log).Id.Id, _policies.Log[0].Level));
    }

    [Fact]
    public void Reload_CodeThatMakesItsSourceAnew_IsNoChange()
    {
        using var policies = new TestPolicies(code: services => services.AddPolicy("chat", chat =>
        {
            chat.Method = StickyMethod.Hash;
            chat.Sources.Add(new StickyTokenSourceOptions { Kind = StickyTokenSourceKind.Custom, Custom = new NoToken() });
        }));

        policies.Reload(("Policies:chat:IdleTimeout", "00:05:00"));

        Assert.Equal(TimeSpan.FromMinutes(5), policies.Resolver.Find("chat")!.IdleTimeout);
        Assert.Empty(policies.Log);
    }

    [Fact]
    public void Reload_OptionsBoundToSomethingElse_TakeEffectToo()
    {
        var elsewhere = new Microsoft.Extensions.Configuration.ConfigurationManager();
        using var policies = new TestPolicies(code: services => services
            .AddPolicy("chat", _ => { }).AddOptions<StickyPolicyOptions>("chat").Bind(elsewhere));
        Assert.Equal(TimeSpan.FromMinutes(20), policies.Resolver.Find("chat")!.IdleTimeout);

        elsewhere["IdleTimeout"] = "00:05:00";
        ((Microsoft.Extensions.Configuration.IConfigurationRoot)elsewhere).Reload();

        Assert.Equal(TimeSpan.FromMinutes(5), policies.Resolver.Find("chat")!.IdleTimeout);
    }

    private sealed class NoToken : IStickyTokenSource
    {
        public ValueTask<string?> ReadAsync(HttpContext context) => default;
    }
}
