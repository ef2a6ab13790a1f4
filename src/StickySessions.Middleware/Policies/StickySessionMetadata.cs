namespace StickySessions.Policies;

/// <summary>
/// Endpoint metadata: requests to this endpoint are sticky even if the policy is not sticky by default. Of several, and of
/// <see cref="IDisableStickySessionMetadata"/>, the last counts: what is said of the endpoint itself beats what is said of its group.
/// </summary>
public interface IRequireStickySessionMetadata
{
    /// <summary>The name of the policy that the endpoint falls under; null for the default policy.</summary>
    string? PolicyName { get; }
}

/// <summary>Endpoint metadata: any node answers requests to this endpoint; they neither need nor start a session.</summary>
public interface IDisableStickySessionMetadata;

/// <summary>
/// Endpoint metadata: whether requests to this endpoint run one after the other with others of their session that do, whatever their policy says.
/// Of several the last counts.
/// </summary>
public interface ISerializeStickySessionMetadata
{
    /// <summary>Whether they do; if not, they run beside all others.</summary>
    bool IsSerialized { get; }
}

/// <summary>Requests to this controller, action, hub or page are sticky even if the policy is not sticky by default.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method | AttributeTargets.Delegate)]
public sealed class RequireStickySessionAttribute : Attribute, IRequireStickySessionMetadata
{
    /// <summary>Sticky under the default policy.</summary>
    public RequireStickySessionAttribute()
    {
    }

    /// <summary>Sticky under a named policy.</summary>
    /// <param name="policy">The policy's name; one that does not exist stops the start.</param>
    public RequireStickySessionAttribute(string policy)
    {
        ArgumentException.ThrowIfNullOrEmpty(policy);
        PolicyName = policy;
    }

    /// <inheritdoc/>
    public string? PolicyName { get; }
}

/// <summary>Any node answers requests to this controller, action, hub or page; they neither need nor start a session.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method | AttributeTargets.Delegate)]
public sealed class DisableStickySessionAttribute : Attribute, IDisableStickySessionMetadata;

/// <summary>
/// Requests to this controller, action, hub or page run one after the other with others of their session that do, or, with false, beside all others,
/// whatever their policy says.
/// </summary>
/// <param name="isSerialized">Whether they run one after the other.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method | AttributeTargets.Delegate)]
public sealed class SerializeStickySessionAttribute(bool isSerialized = true) : Attribute, ISerializeStickySessionMetadata
{
    /// <inheritdoc/>
    public bool IsSerialized => isSerialized;
}
