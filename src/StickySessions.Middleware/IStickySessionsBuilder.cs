using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Forwarding;
using StickySessions.Policies;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Configures sticky sessions; returned by <c>AddStickySessions</c>. Everything can also come from the configuration section
/// <c>StickySessions</c>; what is set here wins. Not safe for concurrent use, as the service collection behind it.
/// </summary>
public interface IStickySessionsBuilder
{
    /// <summary>The application's services.</summary>
    IServiceCollection Services { get; }

    /// <summary>Configures this node: its name, address, weight.</summary>
    IStickySessionsBuilder ConfigureNode(Action<StickyNodeOptions> configure);

    /// <summary>Configures the listener on which nodes talk to each other.</summary>
    IStickySessionsBuilder ConfigureInterconnect(Action<StickyInterconnectOptions> configure);

    /// <summary>Configures how requests are forwarded.</summary>
    IStickySessionsBuilder ConfigureForwarding(Action<StickyForwardingOptions> configure);

    /// <summary>Configures the secret of the cluster.</summary>
    IStickySessionsBuilder ConfigureKeys(Action<StickyKeyOptions> configure);

    /// <summary>Configures where a request's outcome is shown.</summary>
    IStickySessionsBuilder ConfigureDiagnostics(Action<StickyDiagnosticsOptions> configure);

    /// <summary>Configures the default policy: how sessions are bound and how long they live.</summary>
    IStickySessionsBuilder ConfigurePolicy(Action<StickyPolicyOptions> configure);

    /// <summary>
    /// Adds a policy for the endpoints with <c>RequireStickySession("name")</c> and the paths in its
    /// <see cref="StickyPolicyOptions.PathPrefixes"/>. Its configuration section is <c>StickySessions:Policies:name</c>; a section there adds a
    /// policy too, without this call. Called again for the same name, it configures that policy further.
    /// </summary>
    /// <param name="name">1 to 64 of letters, digits, <c>-</c>, <c>_</c>, <c>.</c>, in either case the same; <c>default</c> is taken.</param>
    /// <param name="configure">Configures the policy.</param>
    IStickySessionsBuilder AddPolicy(string name, Action<StickyPolicyOptions> configure);

    /// <summary>Keeps the cluster's view, keys and records in Redis.</summary>
    /// <param name="configuration">The connection string of StackExchange.Redis.</param>
    IStickySessionsBuilder UseRedis(string configuration);

    /// <summary>Keeps the cluster's view, keys and records in Redis.</summary>
    IStickySessionsBuilder UseRedis(Action<StickyRedisOptions> configure);

    /// <summary>Forms a cluster of configured nodes, without Redis.</summary>
    IStickySessionsBuilder UseStaticNodes(Action<StickyStaticOptions> configure);
}
