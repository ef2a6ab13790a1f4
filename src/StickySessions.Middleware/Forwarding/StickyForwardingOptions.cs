namespace StickySessions.Forwarding;

/// <summary>How requests are forwarded to the owner. Configuration section <c>StickySessions:Forwarding</c>.</summary>
public sealed class StickyForwardingOptions
{
    /// <summary>How long connecting to a node may take, 10 milliseconds to 1 minute. Default: 1 second.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often an interconnect connection with requests in flight is pinged, at least 1 second. A node that does not answer within
    /// <see cref="PingTimeout"/> is treated as frozen. Default: 1 second.
    /// </summary>
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a ping may go unanswered, at least 1 second. Default: 1 second.</summary>
    public TimeSpan PingTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long the owner may take until the response headers of a request without a body. Default: infinite
    /// (<see cref="Timeout.InfiniteTimeSpan"/>), as a direct request has no such limit either.
    /// </summary>
    public TimeSpan ResponseTimeout { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// How many requests to one node may wait for their response headers at a time, 1 to 1,000,000; more are answered 503. Streams
    /// and WebSockets that have begun do not count. Default: 4,096.
    /// </summary>
    public int MaxInFlightPerNode { get; set; } = 4096;

    /// <summary>
    /// How long the circuit of a node stays open after it broke (frozen, or connects fail), 500 milliseconds to 1 minute.
    /// Default: 1 second.
    /// </summary>
    public TimeSpan BreakDuration { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How much of a request's body is kept, in bytes, so that the request can be sent to another node when the first one answered
    /// that it does not own the session. 0 to 16 MiB. Default: 65,536.
    /// </summary>
    public int ReplayBufferSize { get; set; } = 64 * 1024;

    /// <summary>
    /// How long a request waits for the decision whether its unreachable owner is gone, before it is answered 503. 0 to 1 minute.
    /// Default: 6 seconds, a little more than the default lease.
    /// </summary>
    public TimeSpan FailoverTimeout { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>
    /// Whether a GET or HEAD whose owner died while it ran is run again at the new owner; it may then have run twice.
    /// Default: false, such a request is answered 502.
    /// </summary>
    public bool RetrySafeMethods { get; set; }
}
