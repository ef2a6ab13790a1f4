using StickySessions.Tests.Integration.Chaos.Histories;
using StickySessions.Tests.Integration.Chaos.Nodes;

namespace StickySessions.Tests.Integration.Chaos.Clients;

/// <summary>What a client does besides asking again and again.</summary>
internal enum ClientHabit
{
    /// <summary>One request after the other, with the newest cookie.</summary>
    Plain,

    /// <summary>Two requests at a time.</summary>
    TwoAtATime,

    /// <summary>Loses the cookies of all answers after the first: it comes with an old epoch.</summary>
    KeepsItsFirstCookie,

    /// <summary>Begins a new session now and then.</summary>
    Restless,

    /// <summary>Holds a stream open, beside which it asks.</summary>
    Listens,
}

/// <summary>A client with a session, whose requests go to nodes at random, as a balancer that knows nothing sends them.</summary>
internal sealed class ChaosClient(int number, Exchange exchange, ChaosCluster cluster, ChaosOptions options)
{
    private const int RequestsPerSession = 100;
    private static readonly TimeSpan LongestStream = TimeSpan.FromSeconds(20);

    private readonly Random _random = new((options.Seed * 1000) + number);
    private readonly Shopper _shopper = new(new Random((options.Seed * 1000) + 500 + number)); // guarded by _random
    private volatile KnownSession _known = KnownSession.None;

    public ClientHabit Habit { get; } = (ClientHabit)(number % 5);

    /// <summary>What it knows of its session.</summary>
    public KnownSession Known => _known;

    public Task RunAsync(CancellationToken cancellationToken) => Habit switch
    {
        ClientHabit.TwoAtATime => Task.WhenAll(AskOnAndOnAsync(cancellationToken), AskOnAndOnAsync(cancellationToken)),
        ClientHabit.Listens => Task.WhenAll(AskOnAndOnAsync(cancellationToken), ListenOnAndOnAsync(cancellationToken)),
        _ => AskOnAndOnAsync(cancellationToken),
    };

    private async Task AskOnAndOnAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (Habit == ClientHabit.Restless && Draw(RequestsPerSession) == 0)
            {
                _known = KnownSession.None;
            }

            if (PickNode() is { } node)
            {
                await (options.KeepsCarts && Draw(6) > 0 ? ShopAsync(node, cancellationToken) : AskAsync(node, cancellationToken));
            }

            await PauseAsync(options.Clients / options.Rate * (0.5 + Fraction()), cancellationToken);
        }
    }

    private async Task AskAsync(ChaosNode node, CancellationToken cancellationToken)
    {
        var known = _known;
        Learn(known, await exchange.AskAsync(number, node, known, PickHold(), cancellationToken));
    }

    private async Task ShopAsync(ChaosNode node, CancellationToken cancellationToken)
    {
        var (known, action, item) = NextStep();
        var outcome = await exchange.ShopAsync(number, node, known, action, item, PickHold(), cancellationToken);
        if (action == CartAction.End && outcome.Answer is not null)
        {
            HasEnded(known);
        }
        else if (!IsOver(known))
        {
            Learn(known, outcome);
        }
    }

    private (KnownSession Known, CartAction Action, string Item) NextStep()
    {
        lock (_random)
        {
            return _shopper.Next(_known);
        }
    }

    private bool IsOver(KnownSession known)
    {
        lock (_random)
        {
            return _shopper.IsOver(known);
        }
    }

    private void HasEnded(KnownSession known)
    {
        lock (_random)
        {
            _shopper.HasEnded(known);
        }

        _known = KnownSession.None;
    }

    private async Task ListenOnAndOnAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (_known is { Cookie: not null } known && PickNode() is { } node)
            {
                Learn(known, await exchange.ListenAsync(number, node, known, LongestStream, cancellationToken));
            }

            await PauseAsync(1, cancellationToken);
        }
    }

    private void Learn(KnownSession asked, Outcome outcome)
    {
        var keeps = Habit == ClientHabit.KeepsItsFirstCookie && outcome.Answer is { } answer && answer.Session == asked.Answer?.Session;
        _known = keeps ? asked.With(outcome) with { Cookie = asked.Cookie } : asked.With(outcome);
    }

    /// <summary>Mostly one that runs; now and then one that is frozen, whose failure a balancer has not noticed yet.</summary>
    private ChaosNode? PickNode()
    {
        var up = cluster.Nodes.Where(node => node.State == ChaosNodeState.Running || (node.State == ChaosNodeState.Frozen && Draw(10) == 0)).ToArray();
        return up.Length == 0 ? null : up[Draw(up.Length)];
    }

    private TimeSpan PickHold() => Draw(40) switch
    {
        0 => TimeSpan.FromMilliseconds(1000 + Draw(500)),
        < 5 => TimeSpan.FromMilliseconds(5 + Draw(150)),
        _ => TimeSpan.Zero,
    };

    private int Draw(int below)
    {
        lock (_random)
        {
            return _random.Next(below);
        }
    }

    private double Fraction()
    {
        lock (_random)
        {
            return _random.NextDouble();
        }
    }

    private static async Task PauseAsync(double seconds, CancellationToken cancellationToken)
        => await Task.Delay(TimeSpan.FromSeconds(seconds), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
