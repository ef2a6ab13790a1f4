using System.Text;
using Microsoft.Extensions.Options;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>
/// Answers a node whose lease has run out whether this one may take over what it holds. The question is its tag, the answer one byte.
/// </summary>
internal sealed class LeaseQuestionHandler(IClusterMembership membership, IOptions<StickyRedisOptions> options) : IPeerQuestionHandler
{
    public const string Question = "lease";

    private static readonly byte[] Yes = [1];
    private static readonly byte[] No = [0];

    public string Kind => Question;

    public static ReadOnlyMemory<byte> Ask(NodeTag asker) => Encoding.ASCII.GetBytes(asker.ToString());

    public static bool IsYes(ReadOnlySpan<byte> answer) => answer.SequenceEqual(Yes);

    public ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
        => ValueTask.FromResult<ReadOnlyMemory<byte>>(
            membership.IsJoined && (IsInTouchWithRedis() || IsGone(Encoding.ASCII.GetString(question.Span))) ? Yes : No);

    /// <summary>
    /// Not for two beats means: if all are like this, the next beat of anyone extends the leases of all, before it declares anyone gone.
    /// </summary>
    private bool IsInTouchWithRedis() => membership.Lease.Now - membership.Lease.Renewed <= 2 * options.Value.BeatInterval;

    private bool IsGone(string asker)
        => NodeTag.TryParse(asker, out var tag) && membership.View.IsGone(tag);
}
