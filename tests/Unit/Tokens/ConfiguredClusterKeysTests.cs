using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens;

public sealed class ConfiguredClusterKeysTests : IDisposable
{
    private const string First = "first secret, thirty-two characters";
    private const string Second = "second secret, thirty-two characters";

    private readonly IConfigurationRoot _configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Secret", First)]).Build();
    private readonly ServiceProvider _services;
    private readonly ConfiguredClusterKeys _keys;

    public ConfiguredClusterKeysTests()
    {
        var services = new ServiceCollection().AddLogging().AddTokens().AddTokens();
        services.AddOptions<StickyKeyOptions>().Bind(_configuration);
        services.AddSingleton<ConfiguredClusterKeys>();
        _services = services.BuildServiceProvider();
        _keys = _services.GetRequiredService<ConfiguredClusterKeys>();
    }

    public void Dispose() => _services.Dispose();

    [Fact]
    public void Current_WithTheSameSecretOnTwoNodes_IsTheSameKey()
        => Assert.True(_keys.Current.HasSameKeysAs(new KeyRing(FixedKeys.Key(First))));

    [Fact]
    public void Current_AfterTheSecretsChanged_SignsWithTheNewAndAcceptsTheOld()
    {
        var before = _keys.Current;
        Reload((nameof(StickyKeyOptions.Secret), Second), ("AcceptedSecrets:0", First));

        Assert.NotEqual(before.Current.Id, _keys.Current.Current.Id);
        Assert.True(_keys.Current.TryFind(before.Current.Id, out _));
    }

    [Fact]
    public void Current_AfterAReloadWithoutChange_StaysTheSameInstance()
    {
        // Caches of verified tokens compare the instance: any other reload must not empty them.
        var before = _keys.Current;
        Reload();

        Assert.Same(before, _keys.Current);
    }

    [Fact]
    public void Current_AfterAnInvalidChange_StaysAsItWas()
    {
        var before = _keys.Current;

        Assert.ThrowsAny<Exception>(() => Reload(("Secret", "too short")));
        Assert.Same(before, _keys.Current);
    }

    [Fact]
    public void Current_AfterTheSecretWasRemoved_StaysAsItWas()
    {
        var before = _keys.Current;
        Reload(("Secret", null));

        Assert.Same(before, _keys.Current);
    }

    [Fact]
    public void EphemeralKeys_OfTwoProcesses_Differ()
        => Assert.NotEqual(new EphemeralClusterKeys().Current.Current.Id, new EphemeralClusterKeys().Current.Current.Id);

    [Fact]
    public void AddTokens_CalledTwice_ReportsAnErrorOnce()
    {
        var services = new ServiceCollection().AddTokens().AddTokens();
        services.Configure<StickyKeyOptions>(options => options.Secret = "short");
        using var provider = services.BuildServiceProvider();

        var error = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IOptions<StickyKeyOptions>>().Value);
        Assert.Single(error.Failures);
    }

    private void Reload(params (string Key, string? Value)[] changes)
    {
        foreach (var (key, value) in changes)
        {
            _configuration[key] = value;
        }

        _configuration.Reload();
    }
}
