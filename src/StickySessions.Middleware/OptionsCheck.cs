using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Forwarding;
using StickySessions.Policies;
using StickySessions.Redis;
using StickySessions.State;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>
/// Says in one failure all that is wrong in the options, of whichever feature. It does so when it is made: the host makes all hosted
/// services before it validates or starts anything, and those that follow read their options as they are made.
/// </summary>
internal sealed class OptionsCheck : IHostedService
{
    /// <exception cref="InvalidOperationException">An option is wrong.</exception>
    public OptionsCheck(IServiceProvider services)
    {
        // What two features depend on is reported by both.
        string[] problems =
        [
            .. Problems<StickyNodeOptions>(services)
                .Concat(Problems<StickyInterconnectOptions>(services))
                .Concat(Problems<StickyStaticOptions>(services))
                .Concat(Problems<StickyRedisOptions>(services))
                .Concat(Problems<StickyKeyOptions>(services))
                .Concat(services.GetRequiredService<PolicyOptionsReader>().Problems())
                .Concat(Problems<StickyForwardingOptions>(services))
                .Concat(Problems<StickyDiagnosticsOptions>(services))
                .Concat(Problems<StickySessionStateOptions>(services))
                .Distinct(StringComparer.Ordinal),
        ];
        if (problems.Length > 0)
        {
            throw new InvalidOperationException(string.Join(Environment.NewLine, problems));
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static IEnumerable<string> Problems<TOptions>(IServiceProvider services)
        where TOptions : class
        => OptionsProblems.Of(() => _ = services.GetRequiredService<IOptions<TOptions>>().Value);
}
