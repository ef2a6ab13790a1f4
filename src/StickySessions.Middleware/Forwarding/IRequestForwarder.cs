using Microsoft.AspNetCore.Http;
using StickySessions.Cluster;

namespace StickySessions.Forwarding;

/// <summary>Sends a request to another node and streams its answer back.</summary>
internal interface IRequestForwarder
{
    /// <summary>
    /// Forwards the request. When the outcome is <see cref="ForwardStatus.NotMine"/> or <see cref="ForwardStatus.NotSent"/> the
    /// application has not run, nothing was written to the client, and the request can be forwarded again or handled here (its
    /// body is replayed). With every other outcome the response is complete, failed or aborted: the caller does nothing more.
    /// </summary>
    Task<ForwardResult> ForwardAsync(HttpContext context, Node target, ForwardedSession session);
}

internal enum ForwardStatus
{
    /// <summary>The owner's answer was passed on.</summary>
    Completed,

    /// <summary>The receiver does not own the session.</summary>
    NotMine,

    /// <summary>The request surely never reached the application there: connect failed, the circuit is open, the stream was refused.</summary>
    NotSent,

    /// <summary>It failed, and an error (or an abort) was already given to the client.</summary>
    Failed,
}

/// <param name="Status">What became of the request.</param>
/// <param name="NotMine">What the receiver said.</param>
/// <param name="Reason">One of <see cref="Diagnostics.StickyReasons"/> if it failed, or null if that was the client's doing.</param>
internal readonly record struct ForwardResult(ForwardStatus Status, NotMine NotMine = default, string? Reason = null);
