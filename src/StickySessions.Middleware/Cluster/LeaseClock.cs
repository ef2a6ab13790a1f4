using System.Runtime.InteropServices;

namespace StickySessions.Cluster;

/// <summary>
/// The clock that leases are measured with: monotonic, and it goes on while the machine is suspended. On Linux .NET's own timestamps
/// are CLOCK_MONOTONIC, which stands still then; CLOCK_BOOTTIME does not (clock_gettime(2)), and costs as little, since the vDSO serves it.
/// </summary>
internal sealed class LeaseClock(TimeProvider time)
{
    private const int BootTime = 7;

    private readonly long _origin = time.GetTimestamp();
    private readonly bool _readsBootTime = ReferenceEquals(time, TimeProvider.System) && CanReadBootTime();

    /// <summary>The time since some fixed moment.</summary>
    public TimeSpan Now => _readsBootTime && ReadBootTime(BootTime, out var now) == 0
        ? new TimeSpan((now.Seconds * TimeSpan.TicksPerSecond) + (now.Nanoseconds / TimeSpan.NanosecondsPerTick))
        : time.GetElapsedTime(_origin);

    private static bool CanReadBootTime()
    {
        try
        {
            return OperatingSystem.IsLinux() && ReadBootTime(BootTime, out _) == 0;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    // Returns within nanoseconds and calls nothing back, so the garbage collector need not be told.
    [DllImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [SuppressGCTransition]
    private static extern int ReadBootTime(int clock, out TimeSpec time);

    private readonly struct TimeSpec
    {
        private readonly nint _seconds;
        private readonly nint _nanoseconds;

        public long Seconds => _seconds;

        public long Nanoseconds => _nanoseconds;
    }
}
