using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Session;

namespace StickySessions.State;

/// <summary>
/// For an application that still calls <c>UseSession</c>: gives its session middleware the session of the request. Which one that is the sticky session
/// says, so the key in that middleware's own cookie means nothing, and it writes none.
/// </summary>
internal sealed class StickySessionStore(IHttpContextAccessor requests) : ISessionStore
{
    public ISession Create(string sessionKey, TimeSpan idleTimeout, TimeSpan ioTimeout, Func<bool> tryEstablishSession, bool isNewSessionKey)
        => requests.HttpContext?.Features.Get<RequestSession>() as ISession ?? UnavailableSession.Instance;
}
