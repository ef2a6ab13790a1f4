namespace StickySessions.State;

/// <summary>
/// Lets memory that the application owns (a cache, an actor, a game) move with its session. Register implementations as singletons:
/// <c>services.AddSingleton&lt;ISessionMemoryHandler, Games&gt;()</c>. Calls for different sessions may come at the same time, for one session they never do.
/// What throws is logged, and the session moves without that memory.
/// </summary>
public interface ISessionMemoryHandler
{
    /// <summary>What it is stored as, the same in all versions of the application: 1 to 64 characters, of each handler another.</summary>
    string Name { get; }

    /// <summary>
    /// Gives the session's memory as bytes. Called before the session moves to another node, when no request of it runs; and, with <c>State:ExportInterval</c>,
    /// from time to time, when requests may run: then it must give one moment of it.
    /// </summary>
    /// <param name="sessionId">As <c>IStickySessionFeature.SessionId</c> says.</param>
    /// <param name="cancellationToken">There is no more time.</param>
    /// <returns>Null if there is nothing.</returns>
    ValueTask<byte[]?> ExportAsync(string sessionId, CancellationToken cancellationToken);

    /// <summary>Takes what was exported elsewhere. Called before the session's first request runs here.</summary>
    /// <param name="sessionId">As <c>IStickySessionFeature.SessionId</c> says.</param>
    /// <param name="memory">What <see cref="ExportAsync"/> gave.</param>
    /// <param name="cancellationToken">The node stops.</param>
    ValueTask ImportAsync(string sessionId, ReadOnlyMemory<byte> memory, CancellationToken cancellationToken);

    /// <summary>The session is not this node's any more: it has moved, ended or expired. Called for every session, also for those without such memory.</summary>
    /// <param name="sessionId">As <c>IStickySessionFeature.SessionId</c> says.</param>
    void Forget(string sessionId);
}
