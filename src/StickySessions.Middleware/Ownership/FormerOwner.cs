using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Asks a node that was declared gone to give up a session before this node claims it: one that is cut off from Redis only may live, and
/// serve. One that cannot be reached is asked by one claim only, and not again for a while, so that a crash, or a process that is frozen, delays
/// those of its orphans that are claimed first, once and together, and not each of them. Safe for concurrent use.
/// </summary>
internal sealed partial class FormerOwner(IClusterMembership membership, IPeerClient peers, TimeProvider time, ILogger<FormerOwner> logger)
{
    /// <summary>A client waits for it. A node that is well answers within milliseconds.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(300);

    public static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<NodeTag, long> _silentSince = new();
    private readonly ConcurrentDictionary<NodeTag, TaskCompletionSource<bool>> _firstAnswers = new();

    /// <summary>Returns when it has given the session up, or said that it does not hold it, or does not answer.</summary>
    public async Task AskToGiveUpAsync(SessionId session, NodeTag owner)
    {
        if (membership.FindKnown(owner) is not { } node || IsSelf(owner))
        {
            return;
        }

        if (_silentSince.TryGetValue(owner, out var since))
        {
            // Only this one asks, and waits; for the others it is as silent as it was.
            if (time.GetElapsedTime(since) >= AskAgainAfter && _silentSince.TryUpdate(owner, time.GetTimestamp(), since))
            {
                await AskAsync(session, owner, node);
            }

            return;
        }

        var mine = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = _firstAnswers.GetOrAdd(owner, mine);
        if (first != mine)
        {
            if (await first.Task)
            {
                await AskAsync(session, owner, node);
            }

            return;
        }

        var answers = false;
        try
        {
            // Unless the one that was first until a moment ago has just found it silent.
            answers = !_silentSince.ContainsKey(owner) && await AskAsync(session, owner, node);
        }
        finally
        {
            _firstAnswers.TryRemove(owner, out _);
            mine.SetResult(answers);
        }
    }

    /// <returns>Whether it answered.</returns>
    private async Task<bool> AskAsync(SessionId session, NodeTag owner, Node node)
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        PeerAnswer answer;
        try
        {
            answer = await peers.AskAsync(node.Address, node.HasInterconnect, GiveUp.Kind, GiveUp.Ask(session, owner), timeout.Token).WaitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            answer = new PeerAnswer(PeerAnswerStatus.NoAnswer, default);
        }

        if (answer.Status != PeerAnswerStatus.Answered)
        {
            _silentSince[owner] = time.GetTimestamp();
            return false;
        }

        _silentSince.TryRemove(owner, out _);
        if (answer.Content.Span.SequenceEqual(GiveUp.GivenUp.Span))
        {
            LogGaveUp(node.Name, owner, session);
        }

        return true;
    }

    private bool IsSelf(NodeTag owner) => owner == membership.Self.Tag || membership.Self.FormerTags.Contains(owner);

    [LoggerMessage(StickyEventIds.Ownership + 11, LogLevel.Information, "{Node} ({Owner}), taken for gone, lives and gave up session {Session}.")]
    private partial void LogGaveUp(string node, NodeTag owner, SessionId session);
}
