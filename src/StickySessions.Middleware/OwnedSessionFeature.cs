using Microsoft.AspNetCore.Http;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.State;

namespace StickySessions;

/// <summary>
/// The session as the application sees it. Requests that entered at the owner share one instance per session, so that they allocate
/// nothing; a forwarded request has its own.
/// </summary>
internal sealed class OwnedSessionFeature(
    HeldSession session, StickyPolicy policy, SessionBinding binding, string owner, string ingress, bool isProvisional = false)
    : IStickySessionFeature, IRequestInSession
{
    private HeldSession _session = session;
    private string? _sessionId;
    private Task<bool>? _end; // guarded by this

    public HeldSession Session => _session;

    /// <summary>Whether no token names the session yet. If none does by the end of the request, nobody will ever ask for it.</summary>
    public bool IsProvisional { get; private set; } = isProvisional;

    /// <summary>Whether a body gives out a token that could not be recorded. Of a provisional session, which has one request.</summary>
    public bool HasFailedToBind { get; private set; }

    public StickyPolicy Policy => policy;

    public SessionBinding Binding => binding;

    public string SessionId => _sessionId ??= _session.Id.ToString();

    public string Owner => owner;

    public string Ingress => ingress;

    public bool Forwarded => !string.Equals(owner, ingress, StringComparison.Ordinal);

    public int Epoch => (int)_session.Epoch;

    public void End() => binding.End(this);

    /// <summary>The client gets a token of it.</summary>
    public void Keep() => IsProvisional = false;

    /// <inheritdoc cref="HasFailedToBind"/>
    public void BindingFails() => HasFailedToBind = true;

    /// <summary>The application has given out a token, which names this session from now on: the request goes on in it.</summary>
    /// <param name="bound">The session, entered.</param>
    /// <param name="context">The request.</param>
    /// <param name="held">Where the provisional one is let go.</param>
    public void MoveTo(HeldSession bound, HttpContext context, HeldSessions held)
    {
        var provisional = _session;
        provisional.Requests.Move(context, bound.Requests);
        (_session, _sessionId, IsProvisional) = (bound, null, false);
        held.Exit(provisional);
        held.Forget(provisional);
        RequestJourney.Of(context)?.MovesTo(bound.Id, bound.Epoch);
    }

    /// <summary>Records the end of the session once, and lets every request wait for it that tells its client so.</summary>
    public Task<bool> RecordEndAsync(Func<OwnedSessionFeature, Task<bool>> recordAsync)
    {
        lock (this)
        {
            return _end ??= recordAsync(this);
        }
    }

    public static OwnedSessionFeature? Of(HttpContext context) => context.Features.Get<OwnedSessionFeature>();

    /// <summary>Under its own type too: what the application makes of the public one must not keep the session from being left.</summary>
    public void AttachTo(HttpContext context)
    {
        context.Features.Set<IStickySessionFeature>(this);
        context.Features.Set(this);
    }
}
