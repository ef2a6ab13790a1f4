using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Asks a node that was declared gone to give up a session before this node claims it: one that is cut off from Redis only may live, and
/// serve. One that cannot be reached is not asked again for a while, so that a crash delays its first orphan and not each of them.
/// Safe for concurrent use.
/// </summary>
internal sealed partial class FormerOwner(IClusterMembership membership, IPeerClient peers, TimeProvider time, ILogger<FormerOwner> logger)
{
    /// <summary>A client waits for it. A node that is well answers within milliseconds.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(300);

    public static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<NodeTag, long> _silentSince = new();

    /// <summary>Returns when it has given the session up, or said that it does not hold it, or does not answer.</summary>
    public async Task AskToGiveUpAsync(SessionId session, NodeTag owner)
    {
        if (membership.FindKnown(owner) is not { } node || IsSelf(owner) || IsKnownToBeSilent(owner))
        {
            return;
        }

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
        }
        else if (answer.Content.Span.SequenceEqual(GiveUp.GivenUp.Span))
        {
            LogGaveUp(node.Name, owner, session);
        }
    }

    private bool IsSelf(NodeTag owner) => owner == membership.Self.Tag || membership.Self.FormerTags.Contains(owner);

    private bool IsKnownToBeSilent(NodeTag owner)
    {
        if (!_silentSince.TryGetValue(owner, out var since))
        {
            return false;
        }

        if (time.GetElapsedTime(since) < AskAgainAfter)
        {
            return true;
        }

        // It stays in here if it is asked again and still silent; otherwise nothing of it remains.
        _silentSince.TryRemove(KeyValuePair.Create(owner, since));
        return false;
    }

    [LoggerMessage(StickyEventIds.Ownership + 11, LogLevel.Information, "{Node} ({Owner}), taken for gone, lives and gave up session {Session}.")]
    private partial void LogGaveUp(string node, NodeTag owner, SessionId session);
}
