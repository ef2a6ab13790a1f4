using Microsoft.Extensions.Configuration;
using ShopCart.Shop;

namespace StickySessions.Tests.Integration.ShopCart;

public class ShopSettingsTests
{
    private const string Secret = "StickySessions:Keys:Secret";

    [Theory]
    [InlineData("http://127.0.0.1:6002")]
    [InlineData("https://localhost:6002")]
    [InlineData("http://[::1]:6002")]
    public void Complete_PeersOnThisMachineWithoutASecret_ShareTheDemoSecret(string peer)
    {
        var configuration = With(("StickySessions:Static:Nodes:web-2", peer));

        ShopSettings.Complete(configuration);

        Assert.True(configuration[Secret]?.Length >= 32);
    }

    [Fact]
    public void Complete_APeerElsewhere_GetsNoDemoSecret()
    {
        var configuration = With(
            ("StickySessions:Static:Nodes:web-2", "http://127.0.0.1:6002"), ("StickySessions:Static:Nodes:web-3", "http://192.0.2.7:6002"));

        ShopSettings.Complete(configuration);

        Assert.Null(configuration[Secret]);
    }

    [Fact]
    public void Complete_SecretConfigured_IsKept()
    {
        var configuration = With(("StickySessions:Static:Nodes:web-2", "http://127.0.0.1:6002"), (Secret, "of the person who runs it"));

        ShopSettings.Complete(configuration);

        Assert.Equal("of the person who runs it", configuration[Secret]);
    }

    [Fact]
    public void Complete_Names_AreThePeersAndThisNode()
    {
        var settings = ShopSettings.Complete(With(
            ("StickySessions:Static:Nodes:web-2", "http://127.0.0.1:6002"), ("StickySessions:Node:Name", "web-1")));

        Assert.Equal("web-1", settings.Names.Own);
        Assert.Equal(["web-1", "web-2"], settings.Names.All);
        Assert.True(settings.Sticky);
    }

    [Theory]
    [InlineData("Logging:LogLevel:Default", "Debug")]
    [InlineData("Logging:LogLevel:Microsoft.AspNetCore.Session", "Warning")]
    public void Complete_LogLevelConfigured_WinsOverTheQuietDefault(string key, string level)
    {
        var configuration = With((key, level));

        ShopSettings.Complete(configuration);

        Assert.Equal(level, configuration[key]);
    }

    private static ConfigurationManager With(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationManager();
        configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create<string, string?>(setting.Key, setting.Value)));
        return configuration;
    }
}
