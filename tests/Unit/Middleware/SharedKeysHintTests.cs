using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StickySessions.Tests.Unit.Ownership;
using StickySessions.Tests.Unit.Policies;

namespace StickySessions.Tests.Unit.Middleware;

public sealed class SharedKeysHintTests : IDisposable
{
    private readonly FakeMembership _membership = new(Nodes.New(1));
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sticky-keys-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void KeysInMemory_WithASecondNode_IsAWarningOnce()
    {
        var log = Start(services => services.AddDataProtection().UseEphemeralDataProtectionProvider());
        Assert.Empty(log);

        _membership.Change(Nodes.New(1), Nodes.New(2));
        _membership.Change(Nodes.New(1), Nodes.New(2), Nodes.New(3));

        var (id, level, message) = Assert.Single(log);
        Assert.Equal((5030, LogLevel.Warning), (id.Id, level));
        Assert.Contains("policy \"default\" finds sessions by who is signed in, and the cookies of the scheme \"Cookies\"", message, StringComparison.Ordinal);
        Assert.Contains("in this process alone", message, StringComparison.Ordinal);
    }

    [Fact]
    public void KeysInTheDefaultPlace_WithASecondNode_IsInformation()
    {
        var log = Start(_ => { });
        _membership.Change(Nodes.New(1), Nodes.New(2));

        Assert.Equal(LogLevel.Information, Assert.Single(log).Level);
    }

    [Fact]
    public void KeysWhereTheApplicationSays_IsNothing()
        => AssertSilent(services => services.AddDataProtection().PersistKeysToFileSystem(_folder));

    [Fact]
    public void SchemeWithAProviderOfItsOwn_IsNothing()
        => AssertSilent(services => services.Configure<CookieAuthenticationOptions>(
            CookieAuthenticationDefaults.AuthenticationScheme, cookie => cookie.DataProtectionProvider = DataProtectionProvider.Create(_folder)));

    [Theory]
    [InlineData("Bearer", 0)]
    [InlineData("Cookies", 1)]
    public void SourceWithAScheme_CountsThatSchemeOnly(string scheme, int expected)
    {
        var log = Start(_ => { }, ("Policy:Sources:0:AuthenticationScheme", scheme));
        _membership.Change(Nodes.New(1), Nodes.New(2));

        Assert.Equal(expected, log.Count);
    }

    [Fact]
    public void PolicyWithoutAClaim_IsNothing() => AssertSilent(_ => { }, ("Policy:Sources:0:Kind", "Header"));

    private void AssertSilent(Action<IServiceCollection> configure, params (string, string)[] settings)
    {
        var log = Start(configure, settings);
        _membership.Change(Nodes.New(1), Nodes.New(2));

        Assert.Empty(log);
    }

    private List<(EventId Id, LogLevel Level, string Message)> Start(Action<IServiceCollection> configure, params (string Key, string Value)[] settings)
    {
        var configuration = new Dictionary<string, string?>
        {
            ["Policy:Method"] = "Hash",
            ["Policy:Sources:0:Kind"] = "Claim",
            ["Policy:Sources:0:Name"] = "sub",
        };
        foreach (var (key, value) in settings)
        {
            configuration[key] = value;
        }

        var policies = new TestPolicies(configuration);
        var services = new ServiceCollection().AddLogging();
        services.AddDataProtection();
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
        configure(services);
        var provider = services.BuildServiceProvider();
        using var logs = new LoggerFactory([policies]);
        var hint = new SharedKeysHint(policies.Store, _membership, provider, logs.CreateLogger<SharedKeysHint>());
        Assert.True(hint.StartedAsync(TestContext.Current.CancellationToken).IsCompletedSuccessfully);
        return policies.Log;
    }
}
