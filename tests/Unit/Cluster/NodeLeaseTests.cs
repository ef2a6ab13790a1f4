using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;

namespace StickySessions.Tests.Unit.Cluster;

public sealed class NodeLeaseTests : IDisposable
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _time = new();
    private readonly NodeLease _lease;
    private int _lapsed;

    public NodeLeaseTests()
    {
        _lease = new NodeLease(Lease, _time);
        _lease.Lapsed += () => _lapsed++;
    }

    public void Dispose() => _lease.Dispose();

    [Fact]
    public void NeverRenewed_IsNotHeld() => Assert.False(_lease.IsHeld);

    [Fact]
    public void Renewed_IsHeldForFourFifthsOfTheLease()
    {
        _lease.Renew(_lease.Now);

        _time.Advance(TimeSpan.FromSeconds(4) - TimeSpan.FromTicks(1));
        Assert.True(_lease.IsHeld);
        Assert.Equal(0, _lapsed);

        _time.Advance(TimeSpan.FromTicks(1));
        Assert.False(_lease.IsHeld);
        Assert.Equal(1, _lapsed);
    }

    [Fact]
    public void Renewed_WithAnAnswerThatTookLong_CountsFromTheSending()
    {
        var sent = _lease.Now;
        _time.Advance(TimeSpan.FromSeconds(3));
        _lease.Renew(sent);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(_lease.IsHeld);
    }

    [Fact]
    public void Renewed_WithAnAnswerThatCameTooLate_IsNotHeld()
    {
        var sent = _lease.Now;
        _time.Advance(TimeSpan.FromSeconds(15));
        _lease.Renew(sent);

        Assert.False(_lease.IsHeld);
    }

    [Fact]
    public void RenewedInTime_DoesNotLapse()
    {
        for (var beat = 0; beat < 10; beat++)
        {
            _lease.Renew(_lease.Now);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.True(_lease.IsHeld);
        Assert.Equal(0, _lapsed);
    }

    [Fact]
    public void Lapsed_ThenRenewed_IsHeldInTheSameTerm()
    {
        _lease.Renew(_lease.Now);
        var term = _lease.Term;
        _time.Advance(Lease);
        Assert.False(_lease.IsHeldSince(term));

        _lease.Renew(_lease.Now);
        Assert.True(_lease.IsHeldSince(term));
    }

    [Fact]
    public void Expired_ThenRenewed_IsHeldInALaterTermOnly()
    {
        _lease.Renew(_lease.Now);
        var term = _lease.Term;

        _lease.Expire();
        Assert.False(_lease.IsHeld);
        Assert.Equal(1, _lapsed);

        _lease.Renew(_lease.Now);
        Assert.True(_lease.IsHeld);
        Assert.False(_lease.IsHeldSince(term));
        Assert.True(_lease.IsHeldSince(_lease.Term));
    }

    [Fact]
    public void Ended_IsNeverHeldAgain()
    {
        _lease.Renew(_lease.Now);

        _lease.End();
        _lease.Renew(_lease.Now);

        Assert.False(_lease.IsHeld);
        Assert.True(_lease.HasEnded);
        Assert.Equal(1, _lapsed);
    }

    [Fact]
    public void Unlimited_IsHeldWhateverHappens()
    {
        NodeLease.Unlimited.Renew(NodeLease.Unlimited.Now);
        NodeLease.Unlimited.Expire();
        NodeLease.Unlimited.End();

        Assert.True(NodeLease.Unlimited.IsHeldSince(0));
        Assert.False(NodeLease.Unlimited.HasEnded);
    }

    [Fact]
    public void SystemClock_CountsTheTimeInWhichTheMachineWasSuspended()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has a clock of its own for this.");

        // Since it booted, while it was suspended too: /proc/uptime reads the same clock.
        var before = ReadUptime();
        var now = new LeaseClock(TimeProvider.System).Now.TotalSeconds;
        var after = ReadUptime();

        Assert.InRange(now, before - 0.02, after + 0.02);
    }

    [Fact]
    public void LookingAtIt_AllocatesNothingAndIsCheap()
    {
        using var lease = new NodeLease(TimeSpan.FromMinutes(5), TimeProvider.System);
        lease.Renew(lease.Now);
        Look(lease, 1_000);
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var began = Stopwatch.GetTimestamp();

        Look(lease, 100_000);

        var each = Stopwatch.GetElapsedTime(began) / 100_000;
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - bytes);
        Assert.True(each < TimeSpan.FromMicroseconds(5), $"{each.TotalNanoseconds} ns each");
    }

    private static void Look(NodeLease lease, int times)
    {
        for (var i = 0; i < times; i++)
        {
            Assert.True(lease.IsHeldSince(0));
        }
    }

    private static double ReadUptime()
        => double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
}
