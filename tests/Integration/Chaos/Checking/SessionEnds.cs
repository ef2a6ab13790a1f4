using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>A session lives until it is ended, and not longer.</summary>
internal static class SessionEnds
{
    public static IEnumerable<Violation> Check(History history)
    {
        var ends = history.Operations.Where(request => request.Cart?.Action == CartAction.End).ToArray();
        var answered = history.Operations.Where(request => request.IsAcknowledged).ToLookup(request => request.Answer!.Session);
        var replaced = history.Operations
            .Where(request => request.Answer is { } answer && request.PresentedSession is { } presented && answer.Session != presented)
            .ToLookup(request => request.PresentedSession!);

        // Over is a session once somebody was told so, or was given another one in its place.
        var over = ends.Where(end => end.IsAcknowledged).Select(end => (end.Answer!.Session, Request: end))
            .Concat(replaced.SelectMany(session => session.Select(request => (Session: session.Key, Request: request))))
            .GroupBy(sign => sign.Session, sign => sign.Request);
        foreach (var session in over)
        {
            var first = session.MinBy(sign => sign.Ended)!;
            if (answered[session.Key].Where(request => request.Began > first.Ended).MinBy(request => request.Began) is { } late)
            {
                var how = first.Answer!.Session == session.Key ? "ended the session" : "got another session in its place";
                yield return new Violation(CartRules.Ended, session.Key, $"{late.Id} was answered though {first.Id} had {how}", [first.Id, late.Id], late.Ended);
            }
        }

        foreach (var session in replaced)
        {
            var first = session.MinBy(request => request.Ended)!;
            if (!ends.Any(end => end.Began < first.Ended && (end.Answer?.Session ?? end.PresentedSession) == session.Key))
            {
                yield return new Violation(
                    CartRules.Replaced,
                    session.Key,
                    $"{first.Id} came with its token and was answered in {first.Answer!.Session}, though nobody had ended it",
                    [first.Id],
                    first.Ended);
            }
        }
    }
}
