using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Diagnostics;

/// <summary>The tags of a request's activity.</summary>
internal static class OutcomeActivity
{
    /// <summary>
    /// The activity of the request, if somebody collects its tags. Hosting makes one for each request as soon as anything is logged, so
    /// that log lines have its id; nobody listens to its source then, and tags would be thrown away.
    /// </summary>
    public static Activity? Of(HttpContext context)
        => (context.Features.Get<IHttpActivityFeature>()?.Activity ?? Activity.Current) is { IsAllDataRequested: true } activity && activity.Source.HasListeners()
            ? activity
            : null;

    public static void Tag(Activity activity, in OutcomeFacts facts)
    {
        activity.SetTag("stickysessions.outcome", facts.Outcome.ToTag());
        Tag(activity, "stickysessions.reason", facts.Reason);
        Tag(activity, "stickysessions.policy", facts.Policy);
        Tag(activity, "stickysessions.ingress", facts.Ingress);
        Tag(activity, "stickysessions.owner", facts.Owner);
        Tag(activity, "stickysessions.session", facts.Session);
        if (facts.Epoch > 0)
        {
            activity.SetTag("stickysessions.epoch", (long)facts.Epoch);
        }
    }

    private static void Tag(Activity activity, string name, string? value)
    {
        // Null removes the tag: what was true of an earlier attempt is not of this one.
        if (value is not null || activity.GetTagItem(name) is not null)
        {
            activity.SetTag(name, value);
        }
    }
}
