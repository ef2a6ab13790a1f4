namespace StickySessions.Policies;

/// <summary>Endpoint metadata: requests to this endpoint are sticky even if the policy is not sticky by default.</summary>
public interface IRequireStickySessionMetadata;

/// <summary>Endpoint metadata: any node answers requests to this endpoint; they neither need nor start a session.</summary>
public interface IDisableStickySessionMetadata;

/// <summary>Requests to this controller, action, hub or page are sticky even if the policy is not sticky by default.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method | AttributeTargets.Delegate)]
public sealed class RequireStickySessionAttribute : Attribute, IRequireStickySessionMetadata;

/// <summary>Any node answers requests to this controller, action, hub or page; they neither need nor start a session.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method | AttributeTargets.Delegate)]
public sealed class DisableStickySessionAttribute : Attribute, IDisableStickySessionMetadata;
