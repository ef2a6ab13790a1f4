using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Two nodes may both have begun one hashed session: they saw different views, or one of them was silent for a moment. After each change of the view, and
/// regularly, since nobody notices the latter, each node compares what it holds away from its home with those who may hold it too, and one of the two yields
/// (see <see cref="SessionDoubles"/>). What only one holds stays where it is. Works in slices with pauses between them; no request waits for it.
/// </summary>
internal sealed partial class DoublesSearch(
    HeldSessions held,
    HashHomes homes,
    SessionDoubles doubles,
    IClusterMembership membership,
    IPeerClient peers,
    TimeProvider time,
    ILogger<DoublesSearch> logger) : BackgroundService
{
    /// <summary>A question has at most 48 KB.</summary>
    public const int SliceSize = 2_000;

    public static readonly TimeSpan PauseBetweenSlices = TimeSpan.FromMilliseconds(20);

    public static readonly TimeSpan PauseBetweenRounds = TimeSpan.FromMinutes(1);

    /// <summary>Until the others have seen the change too; all nodes see it at the same moment and do not ask at the same moment.</summary>
    public static readonly TimeSpan ShortestDelay = TimeSpan.FromSeconds(1);

    private const int AskedAtOnce = 16;

    private readonly Alarm _changed = new(time);

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        membership.ViewChanged += OnViewChanged;
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await _changed.WaitAsync(PauseBetweenRounds * (0.9 + (0.2 * Random.Shared.NextDouble())), stoppingToken))
                {
                    await Task.Delay(ShortestDelay * (1 + Random.Shared.NextDouble()), time, stoppingToken);
                }

                await RunRoundAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception unexpected)
            {
                LogFailed(unexpected);
            }
        }

        membership.ViewChanged -= OnViewChanged;
    }

    private async Task RunRoundAsync(CancellationToken cancellationToken)
    {
        foreach (var slice in held.All().Chunk(SliceSize))
        {
            if (!doubles.TakesPart || membership.View.Nodes.Length < 2)
            {
                return;
            }

            var hashed = slice.Where(doubles.MayHaveDouble).ToArray();
            if (hashed.Length > 0)
            {
                await CompareAsync(hashed, homes.Slots, membership.Self.Tag, cancellationToken);
            }

            await Task.Delay(PauseBetweenSlices, time, cancellationToken);
        }
    }

    private Task CompareAsync(HeldSession[] sessions, HashSlots slots, NodeTag self, CancellationToken cancellationToken)
        => Parallel.ForEachAsync(
            sessions
                .Where(session => slots.HomeOf(session.Id)?.Tag != self)
                .SelectMany(session => slots.OthersThatMayHold(session.Id, self), static (session, node) => (session, node))
                .GroupBy(static pair => pair.node, static pair => pair.session),
            new ParallelOptions { MaxDegreeOfParallelism = AskedAtOnce, CancellationToken = cancellationToken },
            async (question, cancellation) => await CompareAsync(question.Key, [.. question], self, cancellation));

    private async Task CompareAsync(Node node, HeldSession[] sessions, NodeTag self, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(HolderSearch.Timeout, time);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        PeerAnswer answer;
        try
        {
            var question = DoublesQuestion.Ask(self, sessions);
            answer = await peers.AskAsync(node.Address, node.HasInterconnect, DoublesQuestion.Kind, question, bounded.Token).WaitAsync(bounded.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        if (answer.Status != PeerAnswerStatus.Answered || answer.Content.Length != sessions.Length)
        {
            return;
        }

        var lost = sessions.Where((session, i) => answer.Content.Span[i] == 1 && !session.IsClosed).ToArray();
        foreach (var session in lost)
        {
            doubles.Yield(session, node.Tag);
        }

        if (lost.Length > 0)
        {
            LogYielded(lost.Length, node.Name);
        }
    }

    private void OnViewChanged(ClusterView view) => _changed.Ring();

    [LoggerMessage(StickyEventIds.Ownership + 12, LogLevel.Information,
        "{Sessions} hashed sessions that this node and {Node} had both begun go on at {Node}, where they began earlier.")]
    private partial void LogYielded(int sessions, string node);

    [LoggerMessage(StickyEventIds.Ownership + 13, LogLevel.Error, "Looking for sessions that two nodes hold failed; it goes on")]
    private partial void LogFailed(Exception exception);
}
