using Microsoft.AspNetCore.Http;
using StickySessions.Ownership;
using StickySessions.Policies;

namespace StickySessions;

/// <summary>
/// The session as the application sees it. Requests that entered at the owner share one instance per session, so that they allocate
/// nothing; a forwarded request has its own.
/// </summary>
internal sealed class OwnedSessionFeature(
    HeldSession session, StickyPolicy policy, SessionBinding binding, string owner, string ingress) : IStickySessionFeature
{
    private string? _sessionId;
    private int _endRecorded;

    public HeldSession Session => session;

    public StickyPolicy Policy => policy;

    public SessionBinding Binding => binding;

    public string SessionId => _sessionId ??= session.Id.ToString();

    public string Owner => owner;

    public string Ingress => ingress;

    public bool Forwarded => !string.Equals(owner, ingress, StringComparison.Ordinal);

    public int Epoch => (int)session.Epoch;

    public void End() => session.End();

    /// <summary>True once: the first caller records the end of the session.</summary>
    public bool TryRecordEnd() => Interlocked.Exchange(ref _endRecorded, 1) == 0;

    public static OwnedSessionFeature? Of(HttpContext context) => context.Features.Get<OwnedSessionFeature>();

    /// <summary>Under its own type too: what the application makes of the public one must not keep the session from being left.</summary>
    public void AttachTo(HttpContext context)
    {
        context.Features.Set<IStickySessionFeature>(this);
        context.Features.Set(this);
    }
}
