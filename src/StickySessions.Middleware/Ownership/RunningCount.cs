namespace StickySessions.Ownership;

/// <summary>How many requests of sessions run in the application. Counted at each processor by itself, so that requests do not meet there.</summary>
internal sealed class RunningCount
{
    /// <summary>A cache line, in numbers.</summary>
    private const int Stride = 16;

    private readonly int _mask = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Environment.ProcessorCount) - 1;
    private readonly int[] _counts;

    public RunningCount() => _counts = new int[(_mask + 2) * Stride];

    public int Count
    {
        get
        {
            var sum = 0;
            for (var i = 0; i <= _mask; i++)
            {
                sum += Volatile.Read(ref _counts[(i + 1) * Stride]);
            }

            // A request may leave at another processor than it came, and be seen leaving only.
            return Math.Max(0, sum);
        }
    }

    public void Enter() => Interlocked.Increment(ref Mine);

    public void Exit() => Interlocked.Decrement(ref Mine);

    private ref int Mine => ref _counts[((Thread.GetCurrentProcessorId() & _mask) + 1) * Stride];
}
