using System.Diagnostics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Forwarding;

/// <summary>One request that the application handles.</summary>
internal interface IApplicationRequest
{
    Task ProcessAsync();

    void End(Exception? exception);
}

/// <summary>
/// The application's pipeline, once hosting has built it. Taken from the application's server where that can be decorated (then
/// hosting's own activity, logs and metrics come with it), else from the outermost startup filter.
/// </summary>
internal sealed class PipelineCapture(IHttpContextFactory contexts)
{
    private static readonly ActivitySource Activities = new("StickySessions");

    private volatile Func<IFeatureCollection, IApplicationRequest>? _hosting;
    private volatile RequestDelegate? _pipeline;

    public bool IsReady => _hosting is not null || _pipeline is not null;

    public void TakeApplication<TContext>(IHttpApplication<TContext> application)
        where TContext : notnull
        => _hosting = features => HostingRequest<TContext>.Begin(application, features);

    public void TakePipeline(RequestDelegate pipeline) => _pipeline = pipeline;

    /// <summary>Begins a request; only once it is ready.</summary>
    public IApplicationRequest Begin(IFeatureCollection features)
        => _hosting is { } hosting ? hosting(features) : new BareRequest(_pipeline!, contexts, features);

    private sealed class BareRequest(RequestDelegate pipeline, IHttpContextFactory contexts, IFeatureCollection features) : IApplicationRequest
    {
        private readonly Activity? _activity = Activities.StartActivity("StickySessions.ForwardedRequest", ActivityKind.Server);
        private readonly HttpContext _context = contexts.Create(features);

        public Task ProcessAsync() => pipeline(_context);

        public void End(Exception? exception)
        {
            if (exception is not null)
            {
                _activity?.SetStatus(ActivityStatusCode.Error);
            }

            contexts.Dispose(_context);
            _activity?.Dispose();
        }
    }
}
