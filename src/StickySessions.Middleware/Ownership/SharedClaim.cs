using System.Diagnostics.CodeAnalysis;

namespace StickySessions.Ownership;

/// <summary>A claim and those who wait for it: while it waits for its turn it lives as long as one of them does.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The source has no timer and nobody asks it for a handle, so it holds nothing.")]
internal sealed class SharedClaim
{
    private readonly CancellationTokenSource _givenUp = new();
    private readonly Lazy<Task<ClaimResult>> _result;

    // Guards the three below.
    private readonly Lock _gate = new();
    private int _callers;
    private bool _hasBegun;
    private bool _isGivenUp;

    /// <param name="runAsync">Runs once, for whoever comes first.</param>
    public SharedClaim(Func<SharedClaim, Task<ClaimResult>> runAsync) => _result = new(() => runAsync(this));

    public Task<ClaimResult> Result => _result.Value;

    public CancellationToken GivenUp => _givenUp.Token;

    /// <returns>False if it was given up.</returns>
    public bool TryJoin()
    {
        lock (_gate)
        {
            _callers += _isGivenUp ? 0 : 1;
            return !_isGivenUp;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            if (--_callers > 0 || _hasBegun)
            {
                return;
            }

            _isGivenUp = true;
        }

        _givenUp.Cancel();
    }

    /// <summary>From now on it goes on even if nobody waits.</summary>
    /// <returns>False if it was given up: its turn may come in the same moment.</returns>
    public bool TryBegin()
    {
        lock (_gate)
        {
            _hasBegun = !_isGivenUp;
            return _hasBegun;
        }
    }
}
