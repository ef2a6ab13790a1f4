using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tests.Unit.Ownership;
using StickySessions.Tests.Unit.Policies;
using StickySessions.Tests.Unit.Tokens;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Middleware;

/// <summary>What the owner does around the application: before it runs, and before its response begins.</summary>
public sealed class SessionEntryTests : IDisposable
{
    private static readonly Node Self = Nodes.New(1);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly RecordingDirectory _directory = new();
    private readonly StickyPolicy _consistency = new(
        StickyPolicy.DefaultName, new StickyPolicyOptions { OnRedisLost = RedisLostBehavior.PreferConsistency });
    private readonly StickyPolicy _availability = new(StickyPolicy.DefaultName, new StickyPolicyOptions());
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly TestPolicies _policies = new();
    private readonly NodeLease _lease;
    private readonly HeldSessions _held;
    private readonly StickyMetrics _metrics;
    private readonly RequestLimit _limit;
    private readonly SessionEntry _entry;
    private readonly StartableResponse _response = new();
    private readonly MemoryStream _body = new();
    private readonly DefaultHttpContext _context;

    public SessionEntryTests()
    {
        _lease = new NodeLease(TimeSpan.FromSeconds(5), _time);
        _lease.Renew(_lease.Now);
        _held = new HeldSessions(_time, _lease);
        _metrics = new StickyMetrics(_services.GetRequiredService<IMeterFactory>());
        _limit = new RequestLimit(Options.Create(new StickyNodeOptions()), _time);
        var membership = new FakeMembership(Self) { Lease = _lease };
        var fence = new SessionFence(membership, peers: null!);
        var keys = new FixedKeys("a secret of the cluster");
        var protector = new TokenProtector(keys);
        var journeys = TestJourneys.Create(_metrics);
        var cookies = new SessionCookie(protector, _time);
        var responseFence = new ResponseFence(fence, _time, NullLogger<ResponseFence>.Instance);
        var suffix = new TokenSuffix(protector, membership, _time, NullLogger<TokenSuffix>.Instance);
        var responses = new ResponseTokens(keys, membership, _held, _directory, responseFence, suffix, _time);
        var ending = new SessionEnding(cookies, responses, responseFence, _held, _directory, _time, NullLogger<SessionEnding>.Instance);
        var binding = new SessionBinding(cookies, responses, membership, _held, responseFence, ending, new RunningCount(), journeys, _time);
        _entry = new SessionEntry(
            binding, fence, new SessionAdmission(_limit, _held, _metrics), new OneAtATime(new SessionTurns(_time)), _held,
            membership, _policies.Resolver, journeys, _time, NullLogger<SessionEntry>.Instance);
        _context = NewContext(_response);
    }

    public void Dispose()
    {
        _limit.Dispose();
        _policies.Dispose();
        _metrics.Dispose();
        _services.Dispose();
        _lease.Dispose();
    }

    [Fact]
    public async Task NewSession_ThatTheFenceRefuses_IsForgotten()
    {
        // Another node placed it here, and this one has been declared gone meanwhile.
        var session = Enter(_consistency);
        _lease.Expire();

        await _entry.RunForwardedAsync(_context, _consistency, session, issued: null, "web-2", RequestOutcome.New, _ => throw new InvalidOperationException("runs"));

        Assert.Equal((503, "lease-expired"), (_context.Response.StatusCode, Reason()));
        Assert.Equal((0, 0), (_held.Count, session.Running));
    }

    [Fact]
    public async Task KnownSession_ThatTheFenceRefuses_IsLeftAndKept()
    {
        var session = Enter(_consistency);
        _lease.Expire();

        await _entry.RunAsync(_context, _consistency, session, TokenOf(session), RequestOutcome.Local, _ => throw new InvalidOperationException("runs"));

        Assert.Equal((503, "lease-expired"), (_context.Response.StatusCode, Reason()));
        Assert.Equal((1, 0), (_held.Count, session.Running));
    }

    [Fact]
    public async Task OneAtATime_RequestThatIsRefusedInItsTurn_DoesNotWaitForItselfWhenItsPipelineRunsAgain()
    {
        var policy = new StickyPolicy(
            StickyPolicy.DefaultName, new StickyPolicyOptions { OneAtATime = true, OnRedisLost = RedisLostBehavior.PreferConsistency });
        var session = Enter(policy);
        Assert.True(session.TryEnter());
        _lease.Expire();
        await _entry.RunAsync(_context, policy, session, TokenOf(session), RequestOutcome.Local, _ => throw new InvalidOperationException("runs"));

        var again = _entry.RunAsync(_context, policy, session, TokenOf(session), RequestOutcome.Local, _ => throw new InvalidOperationException("runs"));

        Assert.True(again.IsCompleted);
        await again;
        Assert.Equal((503, 0), (_context.Response.StatusCode, session.Running));
    }

    [Fact]
    public async Task EndedSession_ResponseBeginsOnceThatIsRecorded()
    {
        var recorded = new TaskCompletionSource();
        _directory.Gate = recorded.Task;
        var session = await RunToItsEndAsync(_availability);

        var starting = _response.StartAsync();

        Assert.Equal((session.Id, 1u, _availability.AbsoluteTimeout), Assert.Single(_directory.Ended));
        Assert.False(starting.IsCompleted);
        recorded.SetResult();
        await starting;
        Assert.Equal(200, _context.Response.StatusCode);
        Assert.StartsWith(".StickySession=; expires=Thu, 01 Jan 1970", _context.Response.Headers.SetCookie.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task EndedSession_EveryRequestThatTellsItsClientWaitsForOneRecord()
    {
        var recorded = new TaskCompletionSource();
        _directory.Gate = recorded.Task;
        var session = await RunToItsEndAsync(_availability, beside: 1);
        var other = new StartableResponse();
        await _entry.RunAsync(NewContext(other), _availability, session, TokenOf(session), RequestOutcome.Local, _ => Task.CompletedTask);

        var starting = _response.StartAsync();
        var otherStarting = other.StartAsync();

        Assert.Single(_directory.Ended);
        Assert.False(starting.IsCompleted);
        Assert.False(otherStarting.IsCompleted);
        recorded.SetResult();
        await Task.WhenAll(starting, otherStarting);
    }

    [Fact]
    public async Task EndedSession_WhereThatCannotBeRecorded_IsNotAcknowledgedInConsistencyMode()
    {
        _directory.Gate = Task.FromException(new DirectoryUnavailableException("away"));
        await RunToItsEndAsync(_consistency);

        await _response.StartAsync();

        Assert.Equal((503, "directory-unavailable"), (_context.Response.StatusCode, Reason()));
        Assert.Equal(0, _context.Response.Headers.SetCookie.Count);
    }

    [Fact]
    public async Task EndedSession_WhereThatCannotBeRecorded_IsAcknowledgedInAvailabilityMode()
    {
        _directory.Gate = Task.FromException(new DirectoryUnavailableException("away"));
        await RunToItsEndAsync(_availability);

        await _response.StartAsync();

        Assert.Equal(200, _context.Response.StatusCode);
        Assert.Equal(1, _context.Response.Headers.SetCookie.Count);
    }

    [Fact]
    public async Task EndedSession_LeaseRunsOutWhileThatIsRecorded_IsNotAcknowledged()
    {
        var recorded = new TaskCompletionSource();
        _directory.Gate = recorded.Task;
        await RunToItsEndAsync(_consistency);
        var starting = _response.StartAsync();

        _lease.Expire();
        recorded.SetResult();
        await starting;

        Assert.Equal((503, "lease-expired"), (_context.Response.StatusCode, Reason()));
        Assert.Equal(0, _context.Response.Headers.SetCookie.Count);
    }

    /// <summary>The application ends the session; its response has not begun yet.</summary>
    /// <param name="policy">The policy of the session.</param>
    /// <param name="beside">How many other requests have entered it meanwhile.</param>
    private async Task<HeldSession> RunToItsEndAsync(StickyPolicy policy, int beside = 0)
    {
        var session = Enter(policy);
        for (var i = 0; i < beside; i++)
        {
            Assert.True(session.TryEnter());
        }

        await _entry.RunAsync(_context, policy, session, TokenOf(session), RequestOutcome.Local, context =>
        {
            context.Features.GetRequiredFeature<IStickySessionFeature>().End();
            return Task.CompletedTask;
        });
        Assert.Empty(_directory.Ended);
        return session;
    }

    private HeldSession Enter(StickyPolicy policy)
    {
        Assert.Equal(EnterStatus.Entered, _held.Adopt(SessionId.New(), 1, _time.GetUtcNow(), policy, out var session));
        return session!;
    }

    private StickyToken TokenOf(HeldSession session) => new(session.Id, Self.Tag, session.Epoch, _time.GetUtcNow(), _time.GetUtcNow());

    private DefaultHttpContext NewContext(StartableResponse response)
    {
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature());
        features.Set<IHttpResponseFeature>(response);
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(_body));
        return new DefaultHttpContext(features);
    }

    private string? Reason()
        => JsonDocument.Parse(_body.ToArray()).RootElement.GetProperty("reason").GetString();
}
