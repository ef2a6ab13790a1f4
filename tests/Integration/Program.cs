using StickySessions.Tests.Integration.Chaos;
using StickySessions.Tests.Integration.Chaos.Network;
using StickySessions.Tests.Integration.Chaos.Nodes;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace StickySessions.Tests.Integration;

/// <summary>Runs the tests as the entry point that xunit generates does; <c>chaos</c> runs the fault harness instead.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => args switch
    {
        [ChaosCommand.Name, .. var arguments] => ChaosCommand.RunAsync(arguments),
        [ChaosNodeProgram.Command, .. var arguments] => ChaosNodeProgram.RunAsync(arguments),
        [DroppedPacketsCheck.Command] => DroppedPacketsCheck.RunAsync(),
        _ when args.Any(argument => argument is "--server" or "--internal-msbuild-node")
            => TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions),
        _ => ConsoleRunner.Run(args),
    };
}
