using System.Net;
using System.Net.Sockets;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>
/// A port for servers that must know theirs before they bind. Another process can take it in between, so starting such a
/// server goes through <see cref="RetryAsync{T}"/>.
/// </summary>
internal static class FreePort
{
    private const int Attempts = 5;

    /// <summary>
    /// Below the ports that systems give to outgoing connections. One of those could sit on the port while its server is away, and a
    /// client that tries again and again to reach it could at last meet itself.
    /// </summary>
    private const int Lowest = 20_000;

    private const int AboveHighest = 32_000;

    public static int Next()
    {
        while (true)
        {
            var port = Random.Shared.Next(Lowest, AboveHighest);
            if (IsFree(port))
            {
                return port;
            }
        }
    }

    public static bool IsFree(int port)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Starts something on free ports, with new ones whenever one was taken in between.</summary>
    public static async Task<T> RetryAsync<T>(Func<Task<T>> startAsync)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await startAsync();
            }
            catch (Exception exception) when (attempt < Attempts && IsPortTaken(exception))
            {
                TestContext.Current.SendDiagnosticMessage("Attempt {0}: a port was taken in between ({1})", attempt, exception.Message);
            }
        }
    }

    private static bool IsPortTaken(Exception? exception) => exception switch
    {
        null => false,
        SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } => true,
        AggregateException several => several.InnerExceptions.Any(IsPortTaken),
        _ => IsPortTaken(exception.InnerException),
    };
}
