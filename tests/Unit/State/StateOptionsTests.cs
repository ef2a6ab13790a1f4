using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StickySessions.State;

namespace StickySessions.Tests.Unit.State;

public sealed class StateOptionsTests
{
    [Fact]
    public void Options_ThatAreWrong_AreAllNamedAtOnceWithValueAndRemedy()
    {
        var wrong = Validate(new StickySessionStateOptions
        {
            MaxEntries = 0,
            MaxBytes = 16 * 1024 * 1024, // a record that large would not fit into an answer to another node
            MaxLag = TimeSpan.FromMilliseconds(9),
            WriteTimeout = TimeSpan.FromMinutes(2),
            ExportInterval = TimeSpan.Zero,
            SchemaVersion = -1,
            CompressFrom = -2,
            RebalanceAbove = 1,
            RebalanceRate = 0,
            Encrypt = true,
            ImportStockSession = true,
        });

        Assert.Equal(
            [
                "StickySessions:State:MaxEntries is 0: choose 1 to 10000.",
                "StickySessions:State:MaxBytes is 16777216: choose 1024 to 15728640.",
                "StickySessions:State:MaxLag is 00:00:00.0090000: choose 00:00:00.0100000 to 00:01:00.",
                "StickySessions:State:WriteTimeout is 00:02:00: choose 00:00:00.1000000 to 00:01:00.",
                "StickySessions:State:ExportInterval is 00:00:00: choose 00:00:01 to 1.00:00:00.",
                "StickySessions:State:SchemaVersion is -1: choose 0 to 2147483647.",
                "StickySessions:State:CompressFrom is -2: choose 0 to 2147483647.",
                "StickySessions:State:RebalanceAbove is 1: choose 1.01 to 100.",
                "StickySessions:State:RebalanceRate is 0: choose 1 to 10000.",
            ],
            wrong.Take(9));
        Assert.Contains("Encrypt is true", wrong[9], StringComparison.Ordinal);
        Assert.Contains("ImportStockSession is true", wrong[10], StringComparison.Ordinal);
        Assert.Equal(11, wrong.Length);
    }

    [Fact]
    public void Options_AsTheyAreByDefault_AreRight() => Assert.Empty(Validate(new StickySessionStateOptions()));

    private static string[] Validate(StickySessionStateOptions options)
    {
        using var services = new ServiceCollection().BuildServiceProvider();
        var validator = new StickySessionStateOptionsValidator(services.GetRequiredService<IServiceProviderIsService>());
        return validator.Validate(Options.DefaultName, options).Failures?.ToArray() ?? [];
    }
}
