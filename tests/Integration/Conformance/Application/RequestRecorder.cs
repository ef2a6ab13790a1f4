using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using StickySessions.Tests.Integration.Conformance.Comparing;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Application;

/// <summary>Keeps what the applications of all nodes of a cluster see, by the exchange that the client names in a header.</summary>
internal sealed class RequestRecorder
{
    public const string IdHeader = "X-Exchange";

    private readonly ConcurrentDictionary<string, RecordedExchange> _exchanges = new();

    public void Use(WebApplication app, string nodeName) => app.Use((context, next) =>
    {
        if (context.Request.Headers[IdHeader] is [{ } id])
        {
            context.Features.Set(Of(id).Add((fields, number) => new RecordedRequest(context, nodeName, fields, number)));
        }

        return next(context);
    });

    public RecordedExchange Of(string id) => _exchanges.GetOrAdd(id, _ => new RecordedExchange());
}

/// <summary>The requests of one exchange; usually one.</summary>
internal sealed class RecordedExchange
{
    private readonly List<RecordedRequest> _requests = [];

    public Fields Fields { get; } = new();

    public IReadOnlyList<RecordedRequest> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>Waits until the application has seen the first request.</summary>
    public async Task<RecordedRequest> FirstAsync()
    {
        await Eventually.Async(() => Requests.Count > 0, "the application sees the request");
        return Requests[0];
    }

    public RecordedRequest Add(Func<Fields, int, RecordedRequest> create)
    {
        lock (_requests)
        {
            var request = create(Fields, _requests.Count + 1);
            _requests.Add(request);
            return request;
        }
    }
}
