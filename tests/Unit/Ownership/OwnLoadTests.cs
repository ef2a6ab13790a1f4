using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Ownership;
using StickySessions.Policies;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class OwnLoadTests
{
    [Theory]
    [InlineData(PlacementStrategy.Here, null, false)]
    [InlineData(PlacementStrategy.LeastLoaded, null, true)]
    [InlineData(PlacementStrategy.Here, 2.0, true)]
    public void AreOthersWanted_ByAnyPolicyThatPlacesByLoad_IsTrue(PlacementStrategy placement, double? loadFactor, bool wanted)
    {
        var services = new ServiceCollection().AddLogging().AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        services.AddStickySessions().AddPolicy("chat", chat => (chat.Placement, chat.LoadFactor) = (placement, loadFactor));
        using var provider = services.BuildServiceProvider();

        Assert.Equal(wanted, provider.GetRequiredService<OwnLoad>().AreOthersWanted);
    }
}
