using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Benchmarks;

/// <summary>What the session of a request costs to find: verified anew, and remembered from the connection's last request.</summary>
[MemoryDiagnoser]
public class TokenBenchmarks
{
    private readonly TokenProtector _protector = new(new EphemeralClusterKeys());
    private readonly StickyPolicy _policy = new(StickyPolicy.DefaultName, new StickyPolicyOptions());
    private readonly HttpContext _alone = new DefaultHttpContext();
    private readonly HttpContext _onConnection = new DefaultHttpContext();
    private SessionCookie _cookie = null!;
    private StickyToken _token;
    private string _text = "";

    [GlobalSetup]
    public void Setup()
    {
        var now = TimeProvider.System.GetUtcNow();
        _token = new StickyToken(SessionId.New(), new NodeTag(7, 42), 1, now, now);
        _text = _protector.Protect(_token, _policy.Name);
        _cookie = new SessionCookie(_protector, TimeProvider.System);
        _onConnection.Features.Set<IConnectionItemsFeature>(new ConnectionItems());
        _alone.Request.Headers.Cookie = _onConnection.Request.Headers.Cookie = $"theme=dark; {_policy.CookieName}={_text}";
    }

    [Benchmark]
    public string Protect() => _protector.Protect(_token, _policy.Name);

    [Benchmark]
    public bool TryUnprotect() => _protector.TryUnprotect(_text, _policy.Name, out _) == TokenStatus.Valid;

    [Benchmark(Baseline = true)]
    public bool ReadCookieAnew() => _cookie.Read(_alone, _policy).IsValid;

    [Benchmark]
    public bool ReadCookieAgainOnOneConnection() => _cookie.Read(_onConnection, _policy).IsValid;

    private sealed class ConnectionItems : IConnectionItemsFeature
    {
        public IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();
    }
}
