namespace StickySessions.Diagnostics;

/// <summary>
/// Where a request's outcome is shown besides the meter and the request's activity, which always have it. Configuration section
/// <c>StickySessions:Diagnostics</c>. Changes take effect without a restart.
/// </summary>
public sealed class StickyDiagnosticsOptions
{
    /// <summary>
    /// Whether logs that are written while a request runs or is forwarded have a scope with <c>StickyOutcome</c>, <c>StickySession</c>,
    /// <c>StickyOwner</c>, <c>StickyIngress</c> and <c>StickyPolicy</c>. A scope costs each request a few hundred bytes, and one that
    /// is handled where it arrived needs none otherwise. Default: false.
    /// </summary>
    public bool LogScope { get; set; }

    /// <summary>
    /// Whether the node that received a request tells its client in the header <c>Sticky-Outcome</c> what became of it, and the names of
    /// the nodes. Default: false.
    /// </summary>
    public bool ResponseHeader { get; set; }
}
