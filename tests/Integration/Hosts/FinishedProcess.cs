using System.Diagnostics;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>What a program has said that ran to its end.</summary>
internal sealed record FinishedProcess(int ExitCode, string Output, string Errors)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    /// <exception cref="TimeoutException">It did not come to its end, and was killed.</exception>
    public static async Task<FinishedProcess> RunAsync(string program, IEnumerable<string> arguments, string? folder = null)
    {
        using var process = await TiedProcesses.StartAsync(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        });
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
            await process.WaitForExitAsync(CancellationToken.None).WaitAsync(Timeout, TestContext.Current.CancellationToken);
            return new FinishedProcess(process.ExitCode, await output, await errors);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
