using System.Buffers;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using StickySessions.Ownership;

namespace StickySessions;

/// <summary>
/// Under which turns a request was made: a request that calls its own cluster in its own session, and waits for the answer, would wait for ever. The ids
/// of the turns travel in the trace state, which HttpClient sends with each call that is made under an activity (W3C Trace Context, section 3.3). The
/// trace's id would not do: a trace may well have two requests of one session side by side.
/// </summary>
internal static class TurnTrail
{
    private const string Key = "stickysessions=";
    private const char Separator = '.';

    /// <summary>Calls within calls within calls. It leaves room for the trace state of others.</summary>
    private const int MostIds = 8;

    private const int MostLength = (MostIds * (SessionTurn.IdLength + 1)) - 1;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("0123456789abcdef.");

    /// <returns>The ids of the turns, or null.</returns>
    public static string? Read(IHeaderDictionary headers)
    {
        foreach (var line in headers[HeaderNames.TraceState])
        {
            foreach (var member in new StringTokenizer(line ?? "", [',']))
            {
                var trimmed = member.Trim();
                if (trimmed.StartsWith(Key, StringComparison.Ordinal))
                {
                    var ids = trimmed.Substring(Key.Length);
                    return ids.Length is > 0 and <= MostLength && !ids.AsSpan().ContainsAnyExcept(Allowed) ? ids : null;
                }
            }
        }

        return null;
    }

    /// <summary>What is called from now on is called under one more turn.</summary>
    /// <param name="headers">The request's.</param>
    /// <param name="callers">The turns under which it was made.</param>
    /// <param name="id">Its own.</param>
    /// <returns>An activity to be ended with the request, if it had none.</returns>
    public static Activity? Begin(IHeaderDictionary headers, string? callers, string id)
    {
        // Hosting makes one only if somebody listens or logs.
        var started = Activity.Current is null ? Start(headers) : null;
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity)
        {
            var ids = callers is null ? id : id + Separator + callers;
            var own = Key + (ids.Length > MostLength ? ids[..MostLength] : ids);
            var others = Others(activity.TraceStateString);
            activity.TraceStateString = others.Length == 0 ? own : $"{own},{others}";
        }

        return started;
    }

    private static Activity Start(IHeaderDictionary headers)
    {
        var activity = new Activity("StickySessions.OneAtATime").SetIdFormat(ActivityIdFormat.W3C);
        if (ActivityContext.TryParse(headers[HeaderNames.TraceParent], headers[HeaderNames.TraceState], isRemote: true, out var parent))
        {
            activity.SetParentId(parent.TraceId, parent.SpanId, parent.TraceFlags);
            activity.TraceStateString = parent.TraceState;
        }

        return activity.Start();
    }

    private static string Others(string? state)
        => state is null || !state.Contains(Key, StringComparison.Ordinal) ? state ?? ""
            : string.Join(',', state.Split(',', StringSplitOptions.TrimEntries).Where(member => !member.StartsWith(Key, StringComparison.Ordinal)));
}
