namespace StickySessions.Tests.Integration.Chaos.Histories;

/// <summary>Who ran a request, as its answer says.</summary>
/// <param name="Session">The session's id.</param>
/// <param name="Epoch">At which epoch.</param>
/// <param name="Process">Which process: the node's name and the number of its start, <c>web-1#2</c>.</param>
/// <param name="Holding">How often the process had taken the session into its memory: what it knows of it begins anew each time.</param>
/// <param name="Tag">The tag that the process had then.</param>
/// <param name="Counter">How many requests had been run for the session since it was taken into this memory.</param>
internal sealed record Answer(string Session, int Epoch, string Process, int Holding, string Tag, long Counter)
{
    /// <summary>Who it was, for the reader of a report: <c>web-1#2 @ 3</c>.</summary>
    public string Describe() => $"{Process}{(Holding > 1 ? $" (memory {Holding})" : "")} @ {Epoch}";

    public bool IsOfSameMemory(Answer other) => (Session, Process, Holding) == (other.Session, other.Process, other.Holding);
}

/// <summary>What one client asked and learnt. Times are timestamps of the monotonic clock that all processes of a machine share.</summary>
/// <param name="Id">The id of the request.</param>
/// <param name="Client">Which client.</param>
/// <param name="Ingress">The node that it was sent to.</param>
/// <param name="Began">Just before it was sent.</param>
/// <param name="Ended">When its answer was complete, or it had failed.</param>
/// <param name="Status">The status of the answer; 0 if there was none.</param>
/// <param name="Problem">Why it is indeterminate; empty if it is acknowledged.</param>
/// <param name="Answer">Who ran it; null if it is indeterminate.</param>
/// <param name="Presented">The session and epoch that the client knew, for the reader of a report.</param>
internal sealed record Operation(
    string Id, int Client, string Ingress, long Began, long Ended, int Status, string Problem, Answer? Answer, string Presented)
{
    /// <summary>The problem of a request that the client gave up.</summary>
    public const string NoAnswerInTime = "no answer in time";

    /// <summary>What it did with the cart; null if it is no request of that kind.</summary>
    public CartStep? Cart { get; init; }

    /// <summary>The session whose token was sent; null if there was none.</summary>
    public string? PresentedSession => Presented.IndexOf('@', StringComparison.Ordinal) is > 0 and var end ? Presented[..end] : null;

    public bool IsAcknowledged => Answer is not null;
}

/// <summary>A request has come into the application's handler.</summary>
/// <param name="Id">The id of the request.</param>
/// <param name="By">Who ran it.</param>
/// <param name="Began">When the handler began.</param>
/// <param name="Ended">When it was about to answer; null if it never came so far.</param>
internal sealed record Execution(string Id, Answer By, long Began, long? Ended);

/// <summary>A request has come to a node, from its client or from another node.</summary>
internal sealed record Arrival(string Id, string Process, long At);

/// <summary>An event of a stream that a client has received.</summary>
/// <param name="Stream">The id of the request.</param>
/// <param name="By">Who wrote it.</param>
/// <param name="WrittenAt">When the node wrote it.</param>
internal sealed record StreamEvent(string Stream, Answer By, long WrittenAt);

/// <summary>What the nemesis did.</summary>
/// <param name="Kind">The kind of the fault.</param>
/// <param name="Target">What it was done to, and how: <c>web-1 and web-2, nothing comes back</c>.</param>
/// <param name="Began">When it was done.</param>
/// <param name="Ended">When it was healed.</param>
internal sealed record FaultRecord(string Kind, string Target, long Began, long Ended)
{
    /// <summary>The names in the target.</summary>
    public IReadOnlyList<string> Targets { get; } = Target.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>How the cluster found itself again after the last fault.</summary>
/// <param name="Healed">When the last fault was healed and all processes ran.</param>
/// <param name="Converged">When all nodes served all sessions and their views agreed; null if they did not in time.</param>
/// <param name="Missing">What was missing at last.</param>
internal sealed record Convergence(long Healed, long? Converged, IReadOnlyList<string> Missing);

/// <summary>All that happened in a run.</summary>
internal sealed record History
{
    /// <summary>When the run began.</summary>
    public long Origin { get; init; }

    public IReadOnlyList<Operation> Operations { get; init; } = [];

    public IReadOnlyList<Execution> Executions { get; init; } = [];

    public IReadOnlyList<Arrival> Arrivals { get; init; } = [];

    public IReadOnlyList<StreamEvent> StreamEvents { get; init; } = [];

    public IReadOnlyList<FaultRecord> Faults { get; init; } = [];

    public Convergence? Convergence { get; init; }
}
