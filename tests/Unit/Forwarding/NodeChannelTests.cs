using StickySessions.Cluster;
using StickySessions.Forwarding;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Forwarding;

public sealed class NodeChannelTests
{
    private readonly NodeChannel _channel = new(
        new Node { Tag = new NodeTag(1, 2), Name = "b", Address = new Uri("http://127.0.0.1:1") },
        new StickyForwardingOptions { MaxInFlightPerNode = 2 },
        TimeProvider.System);

    [Fact]
    public void TryTakePlace_AllAreTaken_IsRefusedUntilOneIsLeft()
    {
        Assert.True(_channel.TryTakePlace());
        Assert.True(_channel.TryTakePlace());
        Assert.False(_channel.TryTakePlace());
        Assert.False(_channel.TryTakePlace());

        _channel.LeavePlace();

        Assert.True(_channel.TryTakePlace());
        Assert.False(_channel.TryTakePlace());
    }
}
