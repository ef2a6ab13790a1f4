using System.Diagnostics;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>What a program has said that ran to its end.</summary>
internal sealed record FinishedProcess(int ExitCode, string Output, string Errors)
{
    public static async Task<FinishedProcess> RunAsync(string program, IEnumerable<string> arguments, string? folder = null)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var process = await TiedProcesses.StartAsync(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        });
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return new FinishedProcess(process.ExitCode, await output, await errors);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
