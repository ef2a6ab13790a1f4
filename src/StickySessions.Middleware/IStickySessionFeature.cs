namespace StickySessions;

/// <summary>
/// The sticky session of the current request: <c>context.Features.Get&lt;IStickySessionFeature&gt;()</c>. Null when the endpoint is
/// not sticky. Safe for concurrent use; concurrent requests of one session may share one instance.
/// </summary>
public interface IStickySessionFeature
{
    /// <summary>
    /// The session's id in the cluster: 22 characters, never the client's token. Fit for logs. While no token names the session yet, because the
    /// application is still to give one out, it is provisional: the next request has another one unless this one's response binds it.
    /// </summary>
    string SessionId { get; }

    /// <summary>The name of the node that owns the session: the one that runs this code.</summary>
    string Owner { get; }

    /// <summary>The name of the node that received the request from the client.</summary>
    string Ingress { get; }

    /// <summary>Whether the request came through another node.</summary>
    bool Forwarded { get; }

    /// <summary>Counts the owners of the session: 1, 2, 3 … When it is above 1 the session has changed its owner.</summary>
    int Epoch { get; }

    /// <summary>
    /// Ends the session with this request: its cookie is deleted (if the response has not started), this node forgets it, and its
    /// token starts a new session from now on. Idempotent.
    /// </summary>
    void End();
}
