namespace StickySessions.Cluster;

/// <summary>The node must not start: what is wrong, with the value and the remedy.</summary>
internal sealed class ClusterJoinException(string message) : InvalidOperationException(message);
