using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Ownership;

/// <summary>A request that may last for as long as its client is there, and can be ended so that the client connects again.</summary>
internal interface ILongLivedRequest : IHttpRequestLifetimeFeature
{
    /// <summary>Whether it has become one: a WebSocket was accepted, a stream of events has begun.</summary>
    bool HasBegun { get; }

    /// <summary>
    /// Lets it end as its protocol has it. Safe for concurrent use. Over once what the application has to say to the client before has been said, within
    /// a time that is bounded, and the end has begun.
    /// </summary>
    Task EndAsync();
}
