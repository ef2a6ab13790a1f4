using System.Net.Sockets;
using Polly;

namespace StickySessions.Forwarding;

/// <summary>Reads exceptions of the transport: what they say about the node and about whether the request ran.</summary>
internal static class TransportFailure
{
    // RFC 9113 section 7.
    private const long ProtocolError = 1;
    private const long RefusedStream = 7;

    /// <summary>Connecting failed: refused, unreachable, or timed out. Nothing of the request was sent.</summary>
    public static bool IsConnect(Exception? exception)
        => exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError }
            or ConnectTimeoutException;

    /// <summary>The owner's server refused the stream before it looked at it (RFC 9113 section 8.7).</summary>
    public static bool IsRefusedStream(Exception? exception) => ErrorCode(exception) == RefusedStream;

    /// <summary>Pings went unanswered: the process is frozen or cut off. The request may have run.</summary>
    public static bool IsFrozen(Exception? exception) => ErrorCode(exception) == ProtocolError;

    /// <summary>
    /// The node died or was cut off while the request ran. One that lives, but is slow or busy or gave up this one request, would only
    /// be loaded more if it were sent again.
    /// </summary>
    public static bool IsConnectionLost(Exception? exception) => exception switch
    {
        NodeLostException => true,
        // What a timeout cancels looks like a lost connection inside.
        null or OperationCanceledException or ExecutionRejectedException => false,
        HttpProtocolException => IsFrozen(exception),
        HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } or SocketException => true,
        _ => IsConnectionLost(exception.InnerException),
    };

    /// <summary>Whether the failure is the node's and not only this request's.</summary>
    public static bool IsOfNode(Exception? exception) => IsConnect(exception) || IsFrozen(exception);

    /// <summary>The platform reports a connect timeout as a cancellation: it is given a name of its own.</summary>
    public static Exception Named(Exception failure, CancellationToken cancellationToken)
        => failure is OperationCanceledException { InnerException: TimeoutException } && !cancellationToken.IsCancellationRequested
            ? new ConnectTimeoutException(failure)
            : failure;

    private static long? ErrorCode(Exception? exception) => exception switch
    {
        HttpProtocolException protocol => protocol.ErrorCode,
        { InnerException: { } inner } => ErrorCode(inner),
        _ => null,
    };
}

/// <summary>The connect timeout ended.</summary>
internal sealed class ConnectTimeoutException(Exception inner) : IOException("Connecting to the node timed out.", inner);
