using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using StickySessions.Ownership;

namespace StickySessions.Tests.Unit.Ownership;

/// <summary>The requests that run in a session, and what ends them.</summary>
public sealed class RunningRequestsTests : HeldSessionsTestBase
{
    [Fact]
    public void Drop_WhileARequestRuns_LosesTheSessionAndAbortsTheRequest()
    {
        var held = Adopt(1);
        var request = new DefaultHttpContext();
        var lifetime = new Lifetime();
        request.Features.Set<IHttpRequestLifetimeFeature>(lifetime);
        held.Requests.Add(request);

        Sessions.Drop(held);

        Assert.True(held.IsLost);
        Assert.Equal(1, lifetime.Aborts);
    }

    [Fact]
    public void Forget_WhileARequestRuns_LetsItFinish()
    {
        var held = Adopt(1);
        var request = new DefaultHttpContext();
        var lifetime = new Lifetime();
        request.Features.Set<IHttpRequestLifetimeFeature>(lifetime);
        held.Requests.Add(request);

        Sessions.Forget(held);

        Assert.Equal((0, true, false), (Sessions.Count, held.IsClosed, held.IsLost));
        Assert.Equal(0, lifetime.Aborts);
    }

    [Fact]
    public void Requests_ThatAreRemoved_AreNotAborted()
    {
        var requests = new RunningRequests();
        var contexts = Enumerable.Range(0, 5).Select(_ => new DefaultHttpContext()).ToArray();
        var lifetimes = contexts.Select(_ => new Lifetime()).ToArray();
        for (var i = 0; i < contexts.Length; i++)
        {
            contexts[i].Features.Set<IHttpRequestLifetimeFeature>(lifetimes[i]);
            requests.Add(contexts[i]);
        }

        requests.Remove(contexts[1]);
        requests.Remove(contexts[4]);
        requests.Remove(contexts[4]);

        Assert.Equal(3, requests.AbortAll());
        Assert.Equal([1, 0, 1, 1, 0], lifetimes.Select(lifetime => lifetime.Aborts));
    }

    /// <summary>Others may have put theirs before the server's features since.</summary>
    [Fact]
    public void Request_ThatMovesToAnotherSession_IsEndedThereByWhatTheServerGaveIt()
    {
        var (from, to) = (new RunningRequests(), new RunningRequests());
        var request = new DefaultHttpContext();
        var (lifetime, body) = (new Lifetime(), new StreamResponseBodyFeature(Stream.Null));
        request.Features.Set<IHttpRequestLifetimeFeature>(lifetime);
        request.Features.Set<IHttpResponseBodyFeature>(body);
        from.Add(request);
        request.Features.Set<IHttpRequestLifetimeFeature>(new Lifetime());
        request.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(Stream.Null));

        from.Move(request, to);

        Assert.Equal((0, 1, 1), (from.AbortAll(), to.AbortAll(), lifetime.Aborts));
        Assert.Same(body, to.ReplaceBody(request, new StreamResponseBodyFeature(Stream.Null)));
    }

    [Fact]
    public void Request_ThatIsOver_MovesNowhere()
    {
        var (from, to) = (new RunningRequests(), new RunningRequests());

        from.Move(new DefaultHttpContext(), to);

        Assert.Equal(0, to.AbortAll());
    }

    [Fact]
    public void Requests_OnceAsManyRan_AllocateNothing()
    {
        var requests = new RunningRequests();
        var contexts = new[] { new DefaultHttpContext(), new DefaultHttpContext(), new DefaultHttpContext() };
        Run();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            Run();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Run()
        {
            foreach (var context in contexts)
            {
                requests.Add(context);
            }

            foreach (var context in contexts)
            {
                requests.Remove(context);
            }
        }
    }

    private sealed class Lifetime : IHttpRequestLifetimeFeature
    {
        public CancellationToken RequestAborted { get; set; }

        public int Aborts { get; private set; }

        public void Abort() => Aborts++;
    }
}
