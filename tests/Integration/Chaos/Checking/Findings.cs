namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>Something that must not have happened.</summary>
/// <param name="Rule">Which promise it breaks.</param>
/// <param name="Session">The session, or empty.</param>
/// <param name="What">What happened, in one sentence.</param>
/// <param name="Requests">The ids of the requests that show it.</param>
/// <param name="At">When.</param>
internal sealed record Violation(string Rule, string Session, string What, IReadOnlyList<string> Requests, long At);

/// <summary>A session that two processes served at the same time.</summary>
/// <param name="Session">The session.</param>
/// <param name="Stale">Who served it still, at which epoch: <c>web-1#2 @ 3</c>.</param>
/// <param name="Owner">Who had it already.</param>
/// <param name="Requests">The requests that the stale one acknowledged, first to last, after the one that the other ran.</param>
/// <param name="At">When the other one began to serve it.</param>
/// <param name="Duration">From then until the last answer of the stale one.</param>
internal sealed record Fork(string Session, string Stale, string Owner, IReadOnlyList<string> Requests, long At, TimeSpan Duration);
