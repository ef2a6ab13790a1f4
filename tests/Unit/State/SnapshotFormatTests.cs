using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using StickySessions.State;

namespace StickySessions.Tests.Unit.State;

public sealed class SnapshotFormatTests
{
    private static readonly IDataProtector Protector = new EphemeralDataProtectionProvider().CreateProtector("tests");

    public static TheoryData<int, bool> Formats => new() { { 0, false }, { 1, false }, { 0, true }, { 1, true }, { 1_000_000, false } };

    [Theory]
    [MemberData(nameof(Formats))]
    public void Snapshot_WrittenAndRead_IsTheSame(int compressFrom, bool isEncrypted)
    {
        var format = New(compressFrom, isEncrypted);
        (string, string)[][] all =
        [
            [],
            [("", "")],
            [("name", "Ada"), ("größe", "ünïcode ☃"), (Note.Type.Key, "{}"), ("long", new string('x', 100_000))],
            [.. Enumerable.Range(0, 256).Select(number => ($"key-{number}", $"{number}"))],
        ];
        foreach (var pairs in all)
        {
            var read = format.Read(format.Write(Text.Entries(pairs)));

            Assert.Equal(pairs.OrderBy(pair => pair.Item1, StringComparer.Ordinal), Pairs(read));
            Assert.Equal(Text.Entries(pairs).Bytes, read.Bytes);
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void Snapshot_WrittenUnderAnotherCompression_IsRead(int written, int read)
        => Assert.Equal("Ada", New(read).Read(New(written).Write(Text.Entries(("name", "Ada")))).Get("name"));

    [Fact]
    public void CompressFrom_OfWhatIsLonger_MakesItShorter()
    {
        var entries = Text.Entries(("long", new string('x', 100_000)));

        Assert.InRange(New(compressFrom: 1_000).Write(entries).Length, 1, 1_000);
        Assert.InRange(New(compressFrom: 200_000).Write(entries).Length, 100_000, 101_000);
    }

    [Fact]
    public void Snapshot_OfLongKeysThatAreCompressed_IsReadUpToTheLimit()
    {
        // Limits count characters, of which some have three bytes.
        var options = new StickySessionStateOptions { MaxBytes = 30_000, CompressFrom = 1 };
        var key = new string('☃', 30_000);

        Assert.Equal([key], Read(options, Text.Entries((key, ""))).Keys);
    }

    [Fact]
    public void Snapshot_LargerThanALoweredLimit_IsRead()
    {
        var written = New(compressFrom: 1).Write(Text.Entries(("long", new string('x', 100_000))));

        var read = new SnapshotFormat(new StickySessionStateOptions { MaxBytes = 1024 }, null).Read(written);

        Assert.Equal(100_000, read.Get("long")!.Length);
    }

    [Fact]
    public void Snapshot_Encrypted_DoesNotShowWhatItHas()
    {
        var written = New(isEncrypted: true).Write(Text.Entries(("name", "a secret")));

        Assert.Equal(-1, written.AsSpan().IndexOf(Text.Of("secret")));
    }

    [Fact]
    public void Snapshot_EncryptedForOthers_IsUnreadable()
    {
        var written = New(isEncrypted: true).Write(Text.Entries(("name", "Ada")));

        var stranger = new SnapshotFormat(new StickySessionStateOptions(), new EphemeralDataProtectionProvider().CreateProtector("tests"));
        Assert.Throws<UnreadableSnapshotException>(() => stranger.Read(written));
        Assert.Contains("State:Encrypt is off here", Assert.Throws<UnreadableSnapshotException>(() => New().Read(written)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Snapshot_CutOffAnywhere_IsUnreadable(int compressFrom, bool isEncrypted)
    {
        var format = New(compressFrom, isEncrypted);
        var written = format.Write(Text.Entries(("name", "Ada"), ("city", "London")));

        for (var length = 1; length < written.Length; length++)
        {
            Assert.Throws<UnreadableSnapshotException>(() => format.Read(written.AsMemory(0, length)));
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Snapshot_WithMoreBehindIt_IsUnreadable(int compressFrom, bool isEncrypted)
    {
        var format = New(compressFrom, isEncrypted);
        byte[] written = [.. format.Write(Text.Entries(("name", "Ada"))), 0];

        Assert.Throws<UnreadableSnapshotException>(() => format.Read(written));
    }

    [Fact]
    public void Snapshot_OfALaterFormatOrWithUnknownFlags_IsUnreadable()
    {
        var written = New().Write(Text.Entries(("name", "Ada")));

        Assert.Throws<UnreadableSnapshotException>(() => New().Read((byte[])[2, .. written[1..]]));
        Assert.Throws<UnreadableSnapshotException>(() => New().Read((byte[])[written[0], 4, .. written[2..]]));
    }

    [Fact]
    public void Snapshot_WithANegativeNumberOfEntries_IsUnreadable()
        => Assert.Throws<UnreadableSnapshotException>(() => New().Read((byte[])[1, 0, 0xFF, 0xFF, 0xFF, 0xFF]));

    [Fact]
    public void Snapshot_ThatClaimsToBeHuge_TakesNoMemory()
    {
        byte[] huge = [1, 1, 0xFF, 0xFF, 0xFF, 0x7F, .. RandomNumberGenerator.GetBytes(50)];
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Throws<UnreadableSnapshotException>(() => New().Read(huge));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Snapshot_OfDamagedOrForeignBytes_IsReadOrUnreadable(int compressFrom, bool isEncrypted)
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var format = New(compressFrom, isEncrypted);
        var written = format.Write(Text.Entries(("name", "Ada"), ("city", "London"), ("long", new string('x', 300))));
        for (var round = 0; round < 5_000; round++)
        {
            byte[] damaged = [.. written];
            if (round % 5 == 0)
            {
                damaged = new byte[random.Next(1, 200)];
                random.NextBytes(damaged);
                damaged[0] = round % 2 == 0 ? (byte)1 : damaged[0];
            }
            else
            {
                for (var i = random.Next(1, 5); i > 0; i--)
                {
                    damaged[random.Next(damaged.Length)] = round % 2 == 0 ? (byte)random.Next(256) : (byte)0xFF;
                }
            }

            try
            {
                _ = format.Read(damaged).Keys.Count();
            }
            catch (UnreadableSnapshotException)
            {
            }
            catch (Exception other)
            {
                Assert.Fail($"seed {seed}, round {round}, {Convert.ToHexString(damaged)}: {other}");
            }
        }
    }

    private static SnapshotFormat New(int compressFrom = 0, bool isEncrypted = false)
        => new(new StickySessionStateOptions { CompressFrom = compressFrom }, isEncrypted ? Protector : null);

    private static StateEntries Read(StickySessionStateOptions options, StateEntries entries)
    {
        var format = new SnapshotFormat(options, null);
        return format.Read(format.Write(entries));
    }

    private static IEnumerable<(string, string)> Pairs(StateEntries entries) => entries.All.ToArray().Select(entry => (entry.Key, entries.Get(entry.Key)!));
}
