using System.Collections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Forwarding;

/// <summary>
/// A request that hosting handles as it does those of the application's server. Hosting uses its context again for the next request of
/// a stream if the features have a place to keep it; those of the interconnect keep this object, and this object keeps the context.
/// </summary>
internal sealed class HostingRequest<TContext> : IApplicationRequest, IFeatureCollection, IHostContextContainer<TContext>
    where TContext : notnull
{
    private readonly IHttpApplication<TContext> _application;
    private readonly IFeatureCollection _features;
    private TContext _context = default!;

    private HostingRequest(IHttpApplication<TContext> application, IFeatureCollection features)
    {
        _application = application;
        _features = features;
    }

    public TContext? HostContext { get; set; }

    public bool IsReadOnly => _features.IsReadOnly;

    public int Revision => _features.Revision;

    public object? this[Type key]
    {
        get => _features[key];
        set => _features[key] = value;
    }

    public static HostingRequest<TContext> Begin(IHttpApplication<TContext> application, IFeatureCollection features)
    {
        var place = features as IHostContextContainer<IApplicationRequest>;
        if (place?.HostContext is not HostingRequest<TContext> request)
        {
            request = new HostingRequest<TContext>(application, features);
            if (place is not null)
            {
                place.HostContext = request;
            }
        }

        request._context = application.CreateContext(request);
        return request;
    }

    public Task ProcessAsync() => _application.ProcessRequestAsync(_context);

    public void End(Exception? exception) => _application.DisposeContext(_context, exception);

    public TFeature? Get<TFeature>() => _features.Get<TFeature>();

    public void Set<TFeature>(TFeature? instance) => _features.Set(instance);

    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator() => _features.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
