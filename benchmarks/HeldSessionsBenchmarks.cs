using BenchmarkDotNet.Attributes;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Benchmarks;

/// <summary>What a request pays to enter and leave its session, among few and among very many.</summary>
[MemoryDiagnoser]
public class HeldSessionsBenchmarks
{
    private readonly HeldSessions _sessions = new(TimeProvider.System);
    private readonly SessionId _id = SessionId.New();

    [Params(1, 1_000_000)]
    public int Held { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var policy = new StickyPolicy(StickyPolicy.DefaultName, new StickyPolicyOptions());
        for (var i = 0; i < Held; i++)
        {
            _sessions.Adopt(i == 0 ? _id : SessionId.New(), 1, TimeProvider.System.GetUtcNow(), policy, out _);
        }
    }

    [Benchmark]
    public void EnterAndExit()
    {
        if (_sessions.TryEnter(_id, 1, out var held) == EnterStatus.Entered)
        {
            _sessions.Exit(held!);
        }
    }
}
