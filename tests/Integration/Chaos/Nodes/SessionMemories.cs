using System.Runtime.CompilerServices;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Chaos.Nodes;

/// <summary>
/// What this process remembers of sessions. It lives exactly as long as the node holds the session: one that is let go and taken up again
/// begins anew, be it at the same epoch or under the same tag. Safe for concurrent use.
/// </summary>
internal sealed class SessionMemories
{
    private readonly Lock _guard = new();
    private readonly ConditionalWeakTable<HeldSession, SessionMemory> _memories = [];
    private readonly Dictionary<SessionId, int> _numbers = [];

    public SessionMemory Of(HeldSession session)
    {
        lock (_guard)
        {
            if (!_memories.TryGetValue(session, out var memory))
            {
                memory = new SessionMemory(_numbers[session.Id] = _numbers.GetValueOrDefault(session.Id) + 1);
                _memories.Add(session, memory);
            }

            return memory;
        }
    }
}

/// <param name="number">How often the process has taken the session into its memory.</param>
internal sealed class SessionMemory(int number)
{
    private long _requests;

    public int Number => number;

    public long CountRequest() => Interlocked.Increment(ref _requests);
}
