using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace StickySessions.Policies;

/// <summary>
/// Stops the start of an application whose endpoints require policies that do not exist. Endpoints are complete once the server has built the
/// pipeline, which it does as it starts.
/// </summary>
internal sealed class EndpointPolicyCheck(PolicyResolver policies, IServiceProvider services) : IHostedLifecycleService
{
    /// <exception cref="InvalidOperationException">An endpoint requires a policy that does not exist.</exception>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (services.GetService<EndpointDataSource>() is { } source && policies.Problems(source.Endpoints).ToArray() is { Length: > 0 } problems)
        {
            throw new InvalidOperationException(string.Join(Environment.NewLine, problems));
        }

        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
