using StickySessions.State;

namespace Microsoft.AspNetCore.Http;

/// <summary>Typed values in sticky sessions.</summary>
public static class StickySessionStateSessionExtensions
{
    /// <summary>The session's value of a type that <c>AddStickySessionState(options =&gt; options.Add(…))</c> has made known.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <param name="session"><c>HttpContext.Session</c>.</param>
    /// <exception cref="InvalidOperationException">The session is none of StickySessions, or the type is not known.</exception>
    public static SessionState<T> State<T>(this ISession session)
        where T : class, new()
    {
        ArgumentNullException.ThrowIfNull(session);
        return session is RequestSession own
            ? own.Typed<T>()
            : throw new InvalidOperationException(
                "This request's session is not kept by StickySessions: call builder.Services.AddStickySessionState(), and make the endpoint sticky.");
    }
}
