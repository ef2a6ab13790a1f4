namespace StickySessions.Policies;

/// <summary>A policy that code has added.</summary>
internal sealed record NamedPolicy(string Name);
