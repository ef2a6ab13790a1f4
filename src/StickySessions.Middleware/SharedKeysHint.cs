using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>
/// Says once, as soon as there is a second node, that a policy finds sessions by who is signed in, and that other nodes may be unable to read the cookie
/// that says so: to them the user is nobody, and the request goes astray without any error.
/// </summary>
internal sealed partial class SharedKeysHint(
    PolicyStore policies, IClusterMembership membership, IServiceProvider services, ILogger<SharedKeysHint> logger) : IHostedLifecycleService
{
    private (string Policy, string Scheme, KeyPlace Place)? _doubt;
    private int _said;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (SignInKeys.Find(services) is var place and not KeyPlace.Configured && FindPolicy() is { } found)
        {
            _doubt = (found.Policy, found.Scheme, place);
            membership.ViewChanged += OnViewChanged;
            OnViewChanged(membership.View);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        membership.ViewChanged -= OnViewChanged;
        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The first policy that asks a sign-in by cookie.</summary>
    private (string Policy, string Scheme)? FindPolicy()
    {
        string[]? schemes = null;
        foreach (var policy in policies.All.Select(slot => slot.Current))
        {
            foreach (var source in policy.Sources?.Sources ?? [])
            {
                if (source.Kind == StickyTokenSourceKind.Claim
                    && (schemes ??= [.. SignInKeys.CookieSchemes(services)])
                        .FirstOrDefault(scheme => string.IsNullOrEmpty(source.AuthenticationScheme) || scheme == source.AuthenticationScheme) is { } asked)
                {
                    return (policy.Name, asked);
                }
            }
        }

        return null;
    }

    private void OnViewChanged(ClusterView view)
    {
        if (view.Nodes.Length > 1 && _doubt is { } doubt && Interlocked.Exchange(ref _said, 1) == 0)
        {
            var isInMemory = doubt.Place == KeyPlace.Memory;
            KeysMayDiffer(
                logger,
                isInMemory ? LogLevel.Warning : LogLevel.Information,
                doubt.Policy,
                doubt.Scheme,
                isInMemory ? "in this process alone" : "in its default place, which is this machine's unless the platform shares it");
        }
    }

    [LoggerMessage(EventId = StickyEventIds.Middleware + 30, Message =
        "The policy \"{Policy}\" finds sessions by who is signed in, and the cookies of the scheme \"{Scheme}\" are read with keys that Data Protection keeps {Place}. A node without these keys takes a signed-in user for nobody. Share them: AddDataProtection().SetApplicationName(…).PersistKeysTo…(…), the same on all nodes.")]
    private static partial void KeysMayDiffer(ILogger logger, LogLevel level, string policy, string scheme, string place);
}
