namespace StickySessions.Cluster;

/// <summary>
/// This node's lease as this node sees it: until when it may serve sessions from memory. Safe for concurrent use; looking costs one
/// reading of the clock.
/// <para>
/// Redis counts a node as gone L (<c>Redis:Lease</c>) after it ran the node's last beat, so never before <c>sent + L</c>, where
/// <c>sent</c> is the moment just before that beat was sent. The node itself stops at <c>sent + F</c>. At most one of two nodes serves a session
/// at a time if F·(1+ρ) + J ≤ L, where ρ is the error of the rates of this node's and of Redis' clock and J the largest jump of Redis' wall clock
/// within a lease. F is 4/5 of L: of a lease of 5 seconds that leaves 1 second, 0.5 of it for J and the rest for ρ and for an answer on its way.
/// (C. Gray and D. Cheriton, Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache Consistency, SOSP 1989.)
/// </para>
/// </summary>
internal sealed class NodeLease : IDisposable
{
    /// <summary>A test's proof that it finds what a missing fence breaks. Read once; not meant for applications.</summary>
    public const string NoFenceSwitch = "StickySessions.Testing.NoFence";

    public static readonly bool IsFenceOff = AppContext.TryGetSwitch(NoFenceSwitch, out var off) && off;

    private readonly LeaseClock _clock;
    private readonly ITimer? _timer;
    private readonly Lock _gate = new(); // guards the writing of the fields below, and the timer
    private long _deadline = long.MinValue;
    private long _renewed;
    private long _storeDeadline;
    private int _term;
    private volatile bool _hasEnded;

    public NodeLease(TimeSpan lease, TimeProvider time)
    {
        _clock = new LeaseClock(time);
        ServesFor = lease * 4 / 5;
        _timer = time.CreateTimer(static self => ((NodeLease)self!).LookWhetherItLapsed(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private NodeLease()
    {
        _clock = new LeaseClock(TimeProvider.System);
        _deadline = long.MaxValue;
    }

    /// <summary>Of a cluster without leases, which gives affinity and not single ownership: never ends.</summary>
    public static NodeLease Unlimited { get; } = new();

    /// <summary>
    /// Raised when it is no longer held: it was not renewed in time, the cluster took this node for gone, or the node has left. Maybe
    /// late (timers stand still with the machine), and maybe more than once. Handlers must not throw.
    /// </summary>
    public event Action? Lapsed;

    /// <summary>
    /// Raised when a term after the first begins: this node was declared gone and has come back. Handlers must be quick and must not throw.
    /// </summary>
    public event Action? TermBegan;

    /// <summary>Whether this node may serve sessions from memory at this moment.</summary>
    public bool IsHeld
    {
        get
        {
            var deadline = Volatile.Read(ref _deadline);
            return deadline == long.MaxValue || _clock.Now.Ticks < deadline || IsFenceOff;
        }
    }

    /// <summary>Whether it is held, and has been since the given term began.</summary>
    public bool IsHeldSince(int term) => IsHeld && Term == term; // in this order: a lease of a later term does not count

    /// <summary>How long a beat lets this node serve, from its sending: F.</summary>
    public TimeSpan ServesFor { get; }

    /// <summary>
    /// Until when, by the clock of the store, this node may make records of sessions: F after its last beat ran there. A lease ends L after that same
    /// moment of that same clock, so however late a write runs, it makes no record that another node's claim would miss.
    /// </summary>
    public DateTimeOffset StoreDeadline => new(Volatile.Read(ref _storeDeadline), TimeSpan.Zero);

    /// <summary>When the answer to the last successful beat came.</summary>
    public TimeSpan Renewed => new(Volatile.Read(ref _renewed));

    /// <summary>Whether a beat that was sent at this moment or later has succeeded, and this node has not been declared gone since.</summary>
    public bool IsRenewedSince(TimeSpan moment) => Volatile.Read(ref _deadline) is > long.MinValue and var deadline && new TimeSpan(deadline) - ServesFor >= moment;

    /// <summary>Whether this node has left, and others may own what it held.</summary>
    public bool HasEnded => _hasEnded;

    /// <summary>
    /// Counts how often this node was declared gone and came back. Others may have claimed meanwhile what it owned in an earlier term.
    /// </summary>
    public int Term => Volatile.Read(ref _term);

    /// <summary>The moment to pass to <see cref="Renew"/>, taken just before a beat is sent.</summary>
    public TimeSpan Now => _clock.Now;

    /// <summary>A beat succeeded.</summary>
    /// <param name="sent">The moment just before it was sent. How long its answer took does not prolong the lease.</param>
    /// <param name="storeTime">When it ran, by the clock of the store.</param>
    public void Renew(TimeSpan sent, DateTimeOffset storeTime = default)
    {
        bool hasComeBack;
        lock (_gate)
        {
            if (_timer is null || _hasEnded)
            {
                return;
            }

            hasComeBack = _term > 0 && _deadline == long.MinValue;
            Volatile.Write(ref _renewed, _clock.Now.Ticks);
            Volatile.Write(ref _deadline, (sent + ServesFor).Ticks);
            Volatile.Write(ref _storeDeadline, (storeTime + ServesFor).Ticks);
            ArmTimer();
        }

        if (hasComeBack)
        {
            TermBegan?.Invoke();
        }
    }

    /// <summary>The cluster took this node for gone. Its next term begins with the next beat that succeeds.</summary>
    public void Expire()
    {
        lock (_gate)
        {
            if (_timer is null || IsFenceOff)
            {
                return;
            }

            Volatile.Write(ref _deadline, long.MinValue);
            Volatile.Write(ref _storeDeadline, 0);
            Volatile.Write(ref _term, _term + 1);
        }

        Lapsed?.Invoke();
    }

    /// <summary>This node leaves for good: from now on others may claim its sessions.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (_timer is null || _hasEnded || IsFenceOff)
            {
                return;
            }

            _hasEnded = true;
            Volatile.Write(ref _deadline, long.MinValue);
            Volatile.Write(ref _storeDeadline, 0);
        }

        Lapsed?.Invoke();
    }

    public void Dispose() => _timer?.Dispose();

    private void ArmTimer()
    {
        var left = new TimeSpan(_deadline) - _clock.Now;
        _timer!.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private void LookWhetherItLapsed()
    {
        lock (_gate)
        {
            if (_clock.Now.Ticks < _deadline)
            {
                // Renewed meanwhile, or the timer was a little early.
                ArmTimer();
                return;
            }
        }

        if (!IsFenceOff)
        {
            Lapsed?.Invoke();
        }
    }
}
