using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Chaos.Network;

/// <summary>Free ports of which none is given twice: many are chosen before the first is bound, and they stay with their node while it is down.</summary>
internal static class PortOfThisRun
{
    private static readonly Lock Guard = new();
    private static readonly HashSet<int> Given = [];

    public static int Next()
    {
        lock (Guard)
        {
            var port = FreePort.Next();
            while (!Given.Add(port))
            {
                port = FreePort.Next();
            }

            return port;
        }
    }
}
