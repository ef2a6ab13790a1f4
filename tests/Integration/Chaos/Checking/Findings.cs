namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>Something that must not have happened.</summary>
/// <param name="Rule">Which promise it breaks.</param>
/// <param name="Session">The session, or empty.</param>
/// <param name="What">What happened, in one sentence.</param>
/// <param name="Requests">The ids of the requests that show it.</param>
/// <param name="At">When.</param>
internal sealed record Violation(string Rule, string Session, string What, IReadOnlyList<string> Requests, long At);

/// <summary>A session that was served from two memories, and the one with the higher epoch was not the last.</summary>
/// <param name="Session">The session.</param>
/// <param name="Stale">Who served it still, at which epoch: see <see cref="Histories.Answer.Describe"/>.</param>
/// <param name="Owner">Who had it already.</param>
/// <param name="Requests">Requests that show it.</param>
/// <param name="At">When there were two.</param>
/// <param name="Duration">How long there were two. Zero: not at the same time, but the epoch went back or was given twice.</param>
internal sealed record Fork(string Session, string Stale, string Owner, IReadOnlyList<string> Requests, long At, TimeSpan Duration);
