using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Clients;

/// <summary>What a client does next with its cart. Not safe for concurrent use.</summary>
internal sealed class Shopper(Random random)
{
    private const int FullFrom = 12;
    private const int StepsPerSession = 120;
    private const int MostAfterEnd = 6;

    private KnownSession? _ended;
    private int _afterEnd;

    /// <summary>What to ask next, and by which token.</summary>
    /// <param name="known">What the client knows of its session.</param>
    public (KnownSession Known, CartAction Action, string Item) Next(KnownSession known)
    {
        if (_ended is not null && random.Next(3) == 0)
        {
            var ended = _ended;
            _ended = --_afterEnd > 0 ? ended : null;
            return (ended, random.Next(3) == 0 ? CartAction.Add : CartAction.Read, "");
        }

        var items = known.Items;
        if (known.Cookie is not null && random.Next(StepsPerSession) == 0)
        {
            return (known, CartAction.End, "");
        }

        return random.Next(100) switch
        {
            < 45 when items.Count < FullFrom => (known, CartAction.Add, ""),
            < 70 when items.Count > 0 => (known, CartAction.Remove, items[random.Next(items.Count)]),
            _ => (known, CartAction.Read, ""),
        };
    }

    /// <summary>The end of a session was acknowledged: its token is used a few more times.</summary>
    public void HasEnded(KnownSession session) => (_ended, _afterEnd) = (session, MostAfterEnd);

    /// <summary>Whether this session is over, and what is answered to its token is nothing to go on with.</summary>
    public bool IsOver(KnownSession session) => _ended is { } ended && ended.Cookie == session.Cookie;
}
