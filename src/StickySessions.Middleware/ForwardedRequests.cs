using Microsoft.AspNetCore.Http;
using StickySessions.Cluster;
using StickySessions.Forwarding;
using StickySessions.Ownership;
using StickySessions.State;

namespace StickySessions;

/// <summary>
/// Forwards requests, and remembers those that last for as long as their clients are there: when this node stops, they end although
/// their sessions live on elsewhere.
/// </summary>
internal sealed class ForwardedRequests(IRequestForwarder forwarder)
{
    public RunningRequests LongLived { get; } = new();

    public Task<ForwardResult> ForwardAsync(HttpContext context, Node target, ForwardedSession session)
        => LongLivedRequest.MayBe(context) ? ForwardLongLivedAsync(context, target, session) : forwarder.ForwardAsync(context, target, session);

    private async Task<ForwardResult> ForwardLongLivedAsync(HttpContext context, Node target, ForwardedSession session)
    {
        LongLived.Add(context);
        try
        {
            var result = new ForwardResult(ForwardStatus.Failed);
            await LongLivedRequest.RunAsync(context, LongLived, async _ => result = await forwarder.ForwardAsync(context, target, session));
            return result;
        }
        finally
        {
            LongLived.Remove(context);
        }
    }
}
