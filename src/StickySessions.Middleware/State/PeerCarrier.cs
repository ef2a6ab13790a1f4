using StickySessions.Cluster;
using StickySessions.Ownership;

namespace StickySessions.State;

/// <summary>
/// Over the interconnect, without a store: the next owner holds the session from then on, but nobody sends it a request before this node says that the session
/// has moved. Who does not answer may hold it, so it is asked again until it does or is gone.
/// </summary>
internal sealed class PeerCarrier(IClusterMembership membership, IPeerClient peers, TimeProvider time) : ISessionCarrier
{
    /// <summary>What any network between nodes can do.</summary>
    private const int BytesPerSecond = 1024 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    public async Task<CarryAnswer> CarryAsync(HeldSession session, StoredState state, Node next, SessionClaim claim)
    {
        var question = new TakeQuestion(session.Id, claim, session.Created, session.Policy, state).ToBytes();
        var answer = await AskAsync(next, question);
        var isTaken = answer.Status == PeerAnswerStatus.Answered && answer.Content.Span.SequenceEqual(TakeQuestion.Taken.Span);
        return new CarryAnswer(answer.Status switch
        {
            _ when isTaken => CarryStatus.Carried,
            PeerAnswerStatus.Answered or PeerAnswerStatus.NotAuthenticated or PeerAnswerStatus.Refused => CarryStatus.Refused,
            _ when membership.View.Find(next.Tag) is null => CarryStatus.NextIsGone,
            _ => CarryStatus.Unknown,
        });
    }

    private async Task<PeerAnswer> AskAsync(Node next, byte[] question)
    {
        try
        {
            using var timeout = new CancellationTokenSource(Timeout + TimeSpan.FromSeconds(question.Length / BytesPerSecond), time);
            return await peers.AskAsync(next.Address, next.HasInterconnect, TakeQuestion.Kind, question, timeout.Token);
        }
        catch (OperationCanceledException)
        {
            return new PeerAnswer(PeerAnswerStatus.NoAnswer, default);
        }
    }
}
