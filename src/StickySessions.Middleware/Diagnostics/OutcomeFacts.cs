namespace StickySessions.Diagnostics;

/// <summary>A request's outcome and what belongs to it, as far as a node knows by now.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Reason">One of <see cref="StickyReasons"/>, if it was answered with an error.</param>
/// <param name="Policy">The policy that it fell under.</param>
/// <param name="Ingress">The node that received it from the client.</param>
/// <param name="Owner">The node that runs it, or is to.</param>
/// <param name="Session">The session's id.</param>
/// <param name="Epoch">The session's epoch; 0 if it is not known here.</param>
internal readonly record struct OutcomeFacts(
    RequestOutcome Outcome, string? Reason, string? Policy, string Ingress, string? Owner, string? Session, uint Epoch);
