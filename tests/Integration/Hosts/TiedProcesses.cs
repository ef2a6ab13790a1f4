using System.Collections.Concurrent;
using System.Diagnostics;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>
/// Starts processes that end with this one, even if that is killed and cannot say goodbye. Where setpriv is not installed, or cannot do
/// this, they are started as they are.
/// </summary>
internal static class TiedProcesses
{
    /// <summary>Linux ends a tied process with the thread that started it, so all are started by one that lasts.</summary>
    private static readonly BlockingCollection<Action> Starts = StartThread();

    private static readonly Lazy<string?> Setpriv = new(() => InstalledPrograms.TryFind("setpriv") is { } setpriv && CanTie(setpriv) ? setpriv : null);

    public static Task<Process> StartAsync(ProcessStartInfo start)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Starts.Add(() =>
        {
            try
            {
                Tie(start);
                started.SetResult(Process.Start(start)!);
            }
            catch (Exception exception)
            {
                started.SetException(exception);
            }
        });
        return started.Task;
    }

    private static BlockingCollection<Action> StartThread()
    {
        var starts = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var start in starts.GetConsumingEnumerable())
            {
                start();
            }
        })
        {
            IsBackground = true,
            Name = nameof(TiedProcesses),
        }.Start();
        return starts;
    }

    private static void Tie(ProcessStartInfo start)
    {
        if (Setpriv.Value is { } setpriv)
        {
            string[] arguments = ["--pdeathsig", "KILL", start.FileName, .. start.ArgumentList];
            start.FileName = setpriv;
            start.ArgumentList.Clear();
            foreach (var argument in arguments)
            {
                start.ArgumentList.Add(argument);
            }
        }
    }

    private static bool CanTie(string setpriv)
    {
        using var probe = Process.Start(new ProcessStartInfo(setpriv, ["--pdeathsig", "KILL", "true"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        probe.WaitForExit();
        return probe.ExitCode == 0;
    }
}
