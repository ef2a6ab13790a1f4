using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Ownership;

/// <summary>
/// The requests that run on behalf of one session, so that they can be ended with it. Adding and removing allocates nothing once as
/// many have run at a time before. Safe for concurrent use.
/// </summary>
internal sealed class RunningRequests
{
    private const int KeptWhenIdle = 4;

    // Locks itself, which nobody else sees: one object less for each session.
    private Request[] _requests = [];
    private int _count;

    /// <param name="context">A request that has entered the session. It must be removed before its server uses the context again.</param>
    public void Add(HttpContext context) => Add(context, context.Features.Get<IHttpRequestLifetimeFeature>());

    /// <param name="context">A request that has entered the session. It must be removed before its server uses the context again.</param>
    /// <param name="lifetime">Ends it.</param>
    public void Add(HttpContext context, IHttpRequestLifetimeFeature? lifetime)
    {
        // The server's own features, now: what comes later may wrap them, and only they may be touched from another thread.
        Add(new Request(context, lifetime, context.Features.Get<IHttpResponseBodyFeature>()));
    }

    /// <summary>
    /// A request goes on in another session, as it was recorded here: by now the application may have put its own before the server's features.
    /// There is no moment at which neither session could end it.
    /// </summary>
    public void Move(HttpContext context, RunningRequests to)
    {
        if (Find(context) is { } request)
        {
            to.Add(request);
            Remove(context);
        }
    }

    private void Add(in Request request)
    {
        lock (this)
        {
            if (_count == _requests.Length)
            {
                Array.Resize(ref _requests, Math.Max(2 * _count, 1));
            }

            _requests[_count++] = request;
        }
    }

    public void Remove(HttpContext context)
    {
        lock (this)
        {
            var index = IndexOf(context);
            if (index < 0)
            {
                return;
            }

            _requests[index] = _requests[--_count];
            _requests[_count] = default;
            if (_count == 0 && _requests.Length > KeptWhenIdle)
            {
                _requests = new Request[1];
            }
        }
    }

    /// <summary>None has run for a while.</summary>
    public void Trim()
    {
        lock (this)
        {
            if (_count == 0)
            {
                _requests = [];
            }
        }
    }

    /// <summary>Ends them all: their clients' connections or streams break off, and what they await is cancelled.</summary>
    /// <returns>How many there were.</returns>
    public int AbortAll()
    {
        // Under the lock: as long as a request is in here, its context is still its own.
        lock (this)
        {
            foreach (ref var request in _requests.AsSpan(0, _count))
            {
                request.Lifetime?.Abort();
            }

            return _count;
        }
    }

    /// <summary>From now on the request can be ended in another way than by breaking it off.</summary>
    public void Attach(HttpContext context, ILongLivedRequest longLived)
    {
        lock (this)
        {
            var index = IndexOf(context);
            if (index >= 0)
            {
                _requests[index] = _requests[index] with { Lifetime = longLived };
            }
        }
    }

    /// <summary>Lets those end that would not end by themselves.</summary>
    /// <returns>How many there are.</returns>
    public async Task<int> EndLongLivedAsync()
    {
        var ending = new List<ILongLivedRequest>();
        var count = 0;
        lock (this)
        {
            foreach (ref var request in _requests.AsSpan(0, _count))
            {
                if (request.IsLongLived)
                {
                    count++;
                    if (request.Lifetime is ILongLivedRequest longLived)
                    {
                        ending.Add(longLived);
                    }
                }
            }
        }

        // Not under the lock: what they await goes on at once, and may come here.
        await Task.WhenAll(ending.Select(request => request.EndAsync()));
        return count;
    }

    /// <summary>Breaks off what would not end by itself.</summary>
    /// <returns>How many there were.</returns>
    public int AbortLongLived()
    {
        lock (this)
        {
            var count = 0;
            foreach (ref var request in _requests.AsSpan(0, _count))
            {
                if (request.IsLongLived)
                {
                    request.Lifetime?.Abort();
                    count++;
                }
            }

            return count;
        }
    }

    /// <summary>Whether anything runs that would not end by itself.</summary>
    public bool HasLongLived
    {
        get
        {
            lock (this)
            {
                foreach (ref var request in _requests.AsSpan(0, _count))
                {
                    if (request.IsLongLived)
                    {
                        return true;
                    }
                }

                return false;
            }
        }
    }

    /// <summary>A request is answered by something else than the application from now on.</summary>
    /// <param name="context">The request.</param>
    /// <param name="replacement">Where the application's response goes.</param>
    /// <returns>
    /// Where the server takes the response, below all that the application may have put before it. Null if the request does not run.
    /// </returns>
    public IHttpResponseBodyFeature? ReplaceBody(HttpContext context, IHttpResponseBodyFeature replacement)
    {
        lock (this)
        {
            var index = IndexOf(context);
            if (index < 0)
            {
                return null;
            }

            var body = _requests[index].Body;
            _requests[index] = _requests[index] with { Body = replacement };
            return body;
        }
    }

    /// <summary>Ends a request whose body was replaced, unless it is over: its server may have used the context again.</summary>
    public bool Abort(HttpContext context, IHttpResponseBodyFeature replacement)
    {
        lock (this)
        {
            var index = IndexOf(context);
            if (index < 0 || !ReferenceEquals(_requests[index].Body, replacement))
            {
                return false;
            }

            _requests[index].Lifetime?.Abort();
            return true;
        }
    }

    private Request? Find(HttpContext context)
    {
        lock (this)
        {
            return IndexOf(context) is >= 0 and var index ? _requests[index] : null;
        }
    }

    private int IndexOf(HttpContext context)
    {
        for (var i = 0; i < _count; i++)
        {
            if (ReferenceEquals(_requests[i].Context, context))
            {
                return i;
            }
        }

        return -1;
    }

    private readonly record struct Request(HttpContext Context, IHttpRequestLifetimeFeature? Lifetime, IHttpResponseBodyFeature? Body)
    {
        /// <summary>A stream of events that nobody asked for as such is known by its response, which a server keeps with the body.</summary>
        public bool IsLongLived => Lifetime is ILongLivedRequest longLived
            ? longLived.HasBegun
            : Body is IHttpResponseFeature { HasStarted: true } response && EventStream.IsNamedBy(response.Headers.ContentType);
    }
}
