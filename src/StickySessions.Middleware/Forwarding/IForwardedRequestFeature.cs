using Microsoft.AspNetCore.Http;
using StickySessions.Tokens;

namespace StickySessions.Forwarding;

/// <summary>
/// Present on requests that another node forwarded here under a valid envelope. Such a request is terminal: handled here or
/// answered <em>not mine</em>, never forwarded again.
/// </summary>
internal interface IForwardedRequestFeature
{
    /// <summary>What the ingress node knows of the session and what it wants.</summary>
    ForwardedSession Session { get; }

    /// <summary>The name of the ingress node.</summary>
    string Ingress { get; }

    /// <summary>
    /// Sets headers and values to what they were at this same point of the ingress node's pipeline: until now the headers that
    /// <c>UseForwardedHeaders</c> acts upon were hidden, so that it did not act twice.
    /// </summary>
    void RestoreRequest(HttpContext context);

    /// <summary>Answers <em>not mine</em>, authenticated. Only before the application has run.</summary>
    Task RefuseAsync(HttpContext context, NotMine answer);
}

internal enum ForwardPurpose
{
    /// <summary>The receiver owns the session as far as the ingress node knows.</summary>
    Serve,

    /// <summary>The owner is gone and the receiver is the candidate: claim the session, then serve.</summary>
    Claim,

    /// <summary>A new session that the ingress node places on the receiver.</summary>
    Place,

    /// <summary>The receiver is the home of the application's token: the session lives there, or the receiver says where.</summary>
    Home,

    /// <summary>The receiver holds the session though its home is elsewhere, as far as the ingress node remembers.</summary>
    Guest,

    /// <summary>The session's home has just said that it lives with the receiver, which holds it from now on if it did not before.</summary>
    Settle,
}

/// <summary>What the ingress node tells about the session of a forwarded request.</summary>
/// <param name="Purpose">What the receiver is asked to do.</param>
/// <param name="Token">
/// The verified token of the client; with <see cref="ForwardPurpose.Place"/> a fresh one that was not yet issued to the client.
/// When a record named another owner than the token, <see cref="StickyToken.Owner"/> and <see cref="StickyToken.Epoch"/> are the record's.
/// </param>
/// <param name="Policy">The name of the policy.</param>
internal readonly record struct ForwardedSession(ForwardPurpose Purpose, StickyToken Token, string Policy);

/// <summary>The refusal of a node that does not own the session: who does, at which epoch, as far as it knows, and its view's version.</summary>
/// <param name="Owner">The owner's tag; default if the refusing node does not know it.</param>
/// <param name="Epoch">The owner's epoch; 0 if unknown.</param>
/// <param name="ViewVersion">The refusing node's view, so that a stale ingress node refreshes instead of giving up.</param>
/// <param name="Ended">The session has ended.</param>
internal readonly record struct NotMine(NodeTag Owner, uint Epoch, long ViewVersion, bool Ended);
