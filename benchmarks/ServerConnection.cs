using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Benchmarks;

/// <summary>
/// A keep-alive connection without a network. As Kestrel's: one context whose own features, headers and callbacks are reused, and the same string of a
/// cookie each time.
/// </summary>
internal sealed class ServerConnection : HttpResponseFeature, IConnectionItemsFeature, IEndpointFeature
{
    private readonly Stack<(Func<object, Task> Callback, object State)> _onStarting = new();
    private readonly Stack<(Func<object, Task> Callback, object State)> _onCompleted = new();

    /// <summary>What requests leave behind in the context. A server begins each one without it.</summary>
    private Type[] _ofOneRequest = [];

    public ServerConnection()
    {
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature());
        features.Set<IHttpResponseFeature>(this);
        features.Set<IConnectionItemsFeature>(this);
        features.Set<IEndpointFeature>(this);
        Context = new DefaultHttpContext(features);
    }

    public DefaultHttpContext Context { get; }

    public string? Cookie { get; set; }

    public IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public Endpoint? Endpoint { get; set; }

    /// <summary>The request is over when it returns: nothing in the pipeline waits for anything.</summary>
    public Task HandleAsync(RequestDelegate pipeline, Endpoint endpoint)
    {
        foreach (var feature in _ofOneRequest)
        {
            Context.Features[feature] = null;
        }

        Context.Request.Headers.Cookie = Cookie;
        Endpoint = endpoint;
        var running = pipeline(Context);
        Run(_onStarting);
        Run(_onCompleted);
        return running;
    }

    /// <summary>A first request, whose cookie the following ones have, and a second one: from then on the session is known to be wanted.</summary>
    /// <exception cref="InvalidOperationException">The second request did not find the session.</exception>
    public async Task BeginSessionAsync(RequestDelegate pipeline, Endpoint endpoint)
    {
        Cookie = null;
        await HandleAsync(pipeline, endpoint);
        Cookie = Context.Response.Headers.SetCookie.ToString().Split(';')[0];
        Context.Response.Headers.Clear();
        RememberFeatures();
        await HandleAsync(pipeline, endpoint);
        RememberFeatures();
        if (Cookie.Length == 0 || Context.Response.Headers.SetCookie.Count > 0)
        {
            throw new InvalidOperationException("The session is not local.");
        }
    }

    public override void OnStarting(Func<object, Task> callback, object state) => _onStarting.Push((callback, state));

    public override void OnCompleted(Func<object, Task> callback, object state) => _onCompleted.Push((callback, state));

    private void RememberFeatures()
        => _ofOneRequest = [.. _ofOneRequest.Union(Context.Features.Where(feature => feature.Value is not (HttpRequestFeature or ServerConnection)).Select(feature => feature.Key))];

    private static void Run(Stack<(Func<object, Task> Callback, object State)> callbacks)
    {
        while (callbacks.TryPop(out var registered))
        {
            registered.Callback(registered.State);
        }
    }
}
