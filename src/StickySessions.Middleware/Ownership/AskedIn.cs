namespace StickySessions.Ownership;

/// <summary>What held when a directory was asked: its answer says nothing about what came later.</summary>
/// <param name="Term">The term of this node's lease: since it was declared gone others may have claimed what was its own.</param>
/// <param name="Verification">Since a later one began, Redis may have lost what it answered.</param>
internal readonly record struct AskedIn(int Term, int Verification);
