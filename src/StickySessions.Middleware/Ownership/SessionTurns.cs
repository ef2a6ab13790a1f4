using System.Security.Cryptography;

namespace StickySessions.Ownership;

/// <summary>
/// The requests of sessions that run one after the other: who has the turn, and who waits for it, in the order of their coming. A session has a line
/// only as long as somebody stands in it. Safe for concurrent use.
/// </summary>
internal sealed class SessionTurns(TimeProvider time)
{
    private const int Parts = 64;

    // Each part is guarded by itself. The first of a line has the turn.
    private readonly Dictionary<HeldSession, LinkedList<SessionTurn>>[] _parts =
        [.. Enumerable.Range(0, Parts).Select(_ => new Dictionary<HeldSession, LinkedList<SessionTurn>>(ReferenceEqualityComparer.Instance))];

    public TimeProvider Time => time;

    /// <summary>How many sessions somebody has the turn of.</summary>
    public int Sessions => _parts.Sum(part => Locked(part, part => part.Count));

    /// <summary>How many requests wait.</summary>
    public int Waiting => _parts.Sum(part => Locked(part, part => part.Values.Sum(line => line.Count - 1)));

    /// <summary>Joins the session's line, at its end.</summary>
    /// <param name="session">The session.</param>
    /// <param name="mostWaiting">How many may wait.</param>
    /// <param name="callers">
    /// The <see cref="SessionTurn.Id"/>s of the turns under which the request was made, or null: whoever waits for one of them would wait for ever.
    /// </param>
    public SessionTurn Join(HeldSession session, int mostWaiting, string? callers = null)
    {
        var turn = new SessionTurn(this, session, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SessionTurn.IdLength / 2)));
        var part = PartOf(session);
        lock (part)
        {
            if (!part.TryGetValue(session, out var line))
            {
                turn.TryAnswer(TurnStatus.Taken);
                line = new LinkedList<SessionTurn>();
                part.Add(session, line);
                line.AddLast(turn.Place);
            }
            else if (callers?.Contains(line.First!.Value.Id, StringComparison.Ordinal) == true)
            {
                turn.TryAnswer(TurnStatus.Reentered);
            }
            else if (line.Count > mostWaiting)
            {
                turn.TryAnswer(TurnStatus.Busy);
            }
            else
            {
                line.AddLast(turn.Place);
            }
        }

        return turn;
    }

    /// <summary>Leaves the line, unless it has the turn by now.</summary>
    public void GiveUp(SessionTurn turn, TurnStatus why)
    {
        lock (PartOf(turn.Session))
        {
            if (turn.TryAnswer(why))
            {
                // Not the first, which has its answer.
                turn.Place.List!.Remove(turn.Place);
            }
        }
    }

    /// <summary>Leaves the line, wherever it stands. The next one has the turn.</summary>
    public void Return(SessionTurn turn)
    {
        var part = PartOf(turn.Session);
        lock (part)
        {
            turn.TryAnswer(TurnStatus.SessionLost);
            if (turn.Place.List is not { } line)
            {
                return;
            }

            line.Remove(turn.Place);
            if (line.First is { } first)
            {
                first.Value.TryAnswer(TurnStatus.Taken);
            }
            else
            {
                part.Remove(turn.Session);
            }
        }
    }

    private Dictionary<HeldSession, LinkedList<SessionTurn>> PartOf(HeldSession session)
        => _parts[(uint)session.Id.GetHashCode() % Parts];

    private static int Locked(
        Dictionary<HeldSession, LinkedList<SessionTurn>> part, Func<Dictionary<HeldSession, LinkedList<SessionTurn>>, int> count)
    {
        lock (part)
        {
            return count(part);
        }
    }
}
