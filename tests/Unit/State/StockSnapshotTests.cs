using StickySessions.State;

namespace StickySessions.Tests.Unit.State;

public sealed class StockSnapshotTests
{
    private static readonly byte[] Sample = [2, 0, 0, 2, .. new byte[16], 0, 4, .. "name"u8, 0, 0, 0, 3, .. "Ada"u8, 0, 0, 0, 0, 0, 0];

    [Fact]
    public void Snapshot_OfTheStockSession_IsRead()
    {
        var read = StockSnapshot.Read(Sample);

        Assert.Equal(["", "name"], read.Keys);
        Assert.Equal(("Ada", ""), (read.Get("name"), read.Get("")));
    }

    [Fact]
    public void Snapshot_CutOffAnywhereOrLonger_IsUnreadable()
    {
        for (var length = 0; length < Sample.Length; length++)
        {
            Assert.Throws<UnreadableSnapshotException>(() => StockSnapshot.Read(Sample.AsSpan(0, length)));
        }

        Assert.Throws<UnreadableSnapshotException>(() => StockSnapshot.Read([.. Sample, 0]));
    }

    [Fact]
    public void Snapshot_OfDamagedBytes_IsReadOrUnreadable()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var round = 0; round < 20_000; round++)
        {
            byte[] damaged = [.. Sample];
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            damaged[random.Next(1, damaged.Length)] = 0xFF;
            var error = Record.Exception(() => StockSnapshot.Read(damaged));
            Assert.True(error is null or UnreadableSnapshotException, $"seed {seed}, {Convert.ToHexString(damaged)}: {error}");
        }
    }
}
