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
        => _hosting = features => new HostingRequest<TContext>(application, features);

    public void TakePipeline(RequestDelegate pipeline) => _pipeline = pipeline;

    /// <summary>Begins a request, or returns null while the application has not started.</summary>
    public IApplicationRequest? TryBegin(IFeatureCollection features)
    {
        if (_hosting is { } hosting)
        {
            return hosting(features);
        }

        return _pipeline is { } pipeline ? new BareRequest(pipeline, contexts, features) : null;
    }

    private sealed class HostingRequest<TContext>(IHttpApplication<TContext> application, IFeatureCollection features) : IApplicationRequest
        where TContext : notnull
    {
        private readonly TContext _context = application.CreateContext(features);

        public Task ProcessAsync() => application.ProcessRequestAsync(_context);

        public void End(Exception? exception) => application.DisposeContext(_context, exception);
    }

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
