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

    public static int Next()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
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
