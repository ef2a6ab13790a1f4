using Microsoft.AspNetCore.Http;
using StickySessions.Diagnostics;
using StickySessions.Ownership;
using StickySessions.State;

namespace StickySessions;

/// <summary>Whether a request of a session that it has entered may run now, if the number of those that run is limited.</summary>
internal sealed class SessionAdmission(RequestLimit limit, HeldSessions held, StickyMetrics metrics)
{
    public bool IsLimited => limit.IsSet;

    /// <summary>Whether another node should get a new session rather than this one, which would shed its first request or let it wait.</summary>
    public bool RefusesNew => limit.Refuses;

    /// <summary>Takes the request in, lets it wait, or says that it does not run: then the session is left again, and a new one forgotten.</summary>
    public async ValueTask<RequestAdmission> EnterAsync(HttpContext context, HeldSession session, bool isNew)
    {
        var admission = await limit.EnterAsync(context.RequestAborted);
        if (admission.Status == AdmissionStatus.Queued && session.IsClosed)
        {
            admission.Dispose();
            admission = new RequestAdmission(AdmissionStatus.SessionLost, null);
        }

        Count(admission.Status);
        if (admission.Runs)
        {
            ReleaseWhenItOnlyListens(context, admission);
        }
        else
        {
            Leave(session, isNew);
        }

        return admission;
    }

    /// <summary>The request does not run: the session is left again, and a new one forgotten.</summary>
    public void Leave(HeldSession session, bool isNew)
    {
        held.Exit(session);
        if (isNew)
        {
            held.Forget(session);
        }
    }

    private void Count(AdmissionStatus status)
    {
        var result = status switch
        {
            AdmissionStatus.Beyond => "served",
            AdmissionStatus.Queued => "queued",
            AdmissionStatus.Shed => "shed",
            _ => null,
        };
        if (result is not null)
        {
            metrics.OwnerFull(result);
        }
    }

    /// <summary>
    /// A WebSocket and a stream of events last as long as the client is there, mostly idle: counted, they would make a limit of the work under way
    /// one of the users. They give their place back when their response begins.
    /// </summary>
    private static void ReleaseWhenItOnlyListens(HttpContext context, RequestAdmission admission)
        => context.Response.OnStarting(() =>
        {
            if (LongLivedResponse.Begins(context))
            {
                admission.Dispose();
            }

            return Task.CompletedTask;
        });
}
