using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;
using StickySessions.State;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>Moves one session from this node to another one, for whoever may ask for it.</summary>
internal sealed class MoveEndpoint(
    HeldSessions held, SessionHandOff handOff, IOwnershipDirectory directory, IClusterMembership membership,
    Func<HttpContext, bool>? isAllowed, CancellationToken stopping)
{
    /// <summary>For requests that run in the session: its gate is closed, so nobody waits longer for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public async Task HandleAsync(HttpContext context)
    {
        if (!OperatorRequest.IsAllowed(context, isAllowed))
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, StickyReasons.MoveRefused);
            return;
        }

        var name = (string?)context.Request.Query["to"];
        var next = membership.View.Nodes.FirstOrDefault(node => node.Name == name && node.State == NodeState.Active);
        if (next is null || next.Tag == membership.Self.Tag)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, StickyReasons.NodeUnknown, name);
        }
        else if (!SessionId.TryParse(context.GetRouteValue("session") as string, out var session))
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, StickyReasons.SessionUnknown);
        }
        else if (held.Find(session) is not { IsEnded: false } found)
        {
            await SayWhereItIsAsync(context, session);
        }
        // Whoever does not wait for it any more does not cut it short: what is under way must come to its end.
        else if (await handOff.MoveAsync(found, next, Patience, stopping, warm: true))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        else
        {
            await RefuseAsync(context, StatusCodes.Status409Conflict, StickyReasons.SessionStays, membership.Self.Name);
        }
    }

    private async Task SayWhereItIsAsync(HttpContext context, SessionId session)
    {
        var record = await directory.ReadAsync(session, context.RequestAborted);
        if (record is { Ended: false } known && membership.View.Find(known.Owner) is { } owner && owner.Tag != membership.Self.Tag)
        {
            await RefuseAsync(context, StatusCodes.Status409Conflict, StickyReasons.SessionElsewhere, owner.Name);
        }
        else
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, StickyReasons.SessionUnknown);
        }
    }

    private static Task RefuseAsync(HttpContext context, int status, string reason, string? node = null)
        => StickyProblem.WriteAsync(context, status, reason, StickyReasonDetails.Of(reason), node);
}
