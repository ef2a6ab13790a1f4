namespace StickySessions.Cluster;

/// <summary>Asks another node a question over the interconnect. Questions and answers are authenticated by the cluster's keys.</summary>
internal interface IPeerClient
{
    /// <summary>Sends a question to the node at an address.</summary>
    /// <param name="address">The interconnect (or public address) to ask.</param>
    /// <param name="hasInterconnect">Whether the address speaks HTTP/2 (an interconnect) or is a public address.</param>
    /// <param name="kind">Which <see cref="IPeerQuestionHandler"/> answers, for instance <c>status</c>.</param>
    /// <param name="question">The question's content; may be empty.</param>
    /// <param name="cancellationToken">Bounds the wait.</param>
    Task<PeerAnswer> AskAsync(Uri address, bool hasInterconnect, string kind, ReadOnlyMemory<byte> question, CancellationToken cancellationToken);

    /// <summary>
    /// Whether a plain TCP connect to the address is refused: nobody listens there. A timeout is not a refusal, and neither is
    /// an unreachable network: both may be the path and not the process.
    /// </summary>
    Task<bool> IsRefusedAsync(Uri address, CancellationToken cancellationToken);
}

/// <summary>Answers one kind of question that peers ask.</summary>
internal interface IPeerQuestionHandler
{
    string Kind { get; }

    ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> question, CancellationToken cancellationToken);
}

internal enum PeerAnswerStatus
{
    Answered,

    /// <summary>The connect was refused: nobody listens.</summary>
    Refused,

    /// <summary>Anything else: a timeout, a reset, an unreachable network.</summary>
    NoAnswer,

    /// <summary>Somebody answered who does not have the cluster's keys, or does not accept ours.</summary>
    NotAuthenticated,
}

internal readonly record struct PeerAnswer(PeerAnswerStatus Status, ReadOnlyMemory<byte> Content);
