using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Policies;

namespace StickySessions.Tests.Unit.Policies;

/// <summary>The policies of one node, as a test configures them, and what is logged about them.</summary>
internal sealed class TestPolicies : IDisposable, ILoggerProvider, ILogger
{
    private readonly IConfigurationRoot _configuration;
    private readonly ServiceProvider _services;

    /// <param name="configuration">Under <c>StickySessions</c>: <c>Policy:IdleTimeout</c>.</param>
    /// <param name="code">Adds policies from code.</param>
    public TestPolicies(Dictionary<string, string?>? configuration = null, Action<IServiceCollection>? code = null)
    {
        _configuration = new ConfigurationBuilder()
            .AddInMemoryCollection((configuration ?? []).Select(setting => KeyValuePair.Create($"StickySessions:{setting.Key}", setting.Value)))
            .Build();
        var services = new ServiceCollection()
            .AddSingleton<IConfiguration>(_configuration)
            .AddPolicies()
            .AddLogging(logging => logging.AddProvider(this));
        code?.Invoke(services);
        _services = services.BuildServiceProvider();
    }

    public List<(EventId Id, LogLevel Level, string Message)> Log { get; } = [];

    public PolicyResolver Resolver => _services.GetRequiredService<PolicyResolver>();

    public PolicyStore Store => _services.GetRequiredService<PolicyStore>();

    public PolicyNames Names => _services.GetRequiredService<PolicyNames>();

    public IReadOnlyList<string> Problems => _services.GetRequiredService<PolicyOptionsReader>().Problems();

    public StickyPolicyOptions Options(string name) => _services.GetRequiredService<IOptionsMonitor<StickyPolicyOptions>>().Get(name);

    /// <summary>The policy of a request for the path, to an endpoint with this metadata.</summary>
    public StickyPolicy? Resolve(string path, params object[] metadata)
    {
        var context = new DefaultHttpContext();
        context.Request.Path = path;
        context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(metadata), "an endpoint"));
        return Resolver.Resolve(context);
    }

    /// <summary>Changes the configuration; null removes a key.</summary>
    public void Reload(params (string Key, string? Value)[] settings)
    {
        // Policies follow the configuration from their first use on.
        _ = Store;
        var provider = _configuration.Providers.Single();
        foreach (var (key, value) in settings)
        {
            provider.Set($"StickySessions:{key}", value);
        }

        _configuration.Reload();
    }

    public void Dispose() => _services.Dispose();

    ILogger ILoggerProvider.CreateLogger(string categoryName) => this;

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        => Log.Add((eventId, logLevel, formatter(state, exception)));
}
