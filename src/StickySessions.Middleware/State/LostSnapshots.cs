using Microsoft.Extensions.Hosting;
using StickySessions.Ownership;
using StickySessions.Policies;

namespace StickySessions.State;

/// <summary>
/// The store has lost snapshots (a flush, a failover to a replica that was behind): their owners, which have all of it in memory, store them again, without a
/// request that needs it.
/// </summary>
internal sealed class LostSnapshots(SessionVerification verification, SessionStates states, WriteBehind behind) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        verification.Verified += StoreAgain;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        verification.Verified -= StoreAgain;
        return Task.CompletedTask;
    }

    private void StoreAgain(HeldSession session)
    {
        if (session is { Durability: not SessionDurability.None, Memory: { } memory }
            && (memory is StoredMemory untouched ? untouched.Stored < untouched.State.Version : memory is LiveState { IsStored: false }))
        {
            states.Of(session);
            behind.Add(session);
        }
    }
}
