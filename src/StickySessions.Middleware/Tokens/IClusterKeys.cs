namespace StickySessions.Tokens;

/// <summary>Where the keys of the cluster come from: configuration, or Redis.</summary>
internal interface IClusterKeys
{
    /// <summary>The keys as known now. Replaced as a whole when they change; safe to read from any thread.</summary>
    /// <exception cref="InvalidOperationException">No keys are known yet: the node has not joined the cluster.</exception>
    KeyRing Current { get; }
}
