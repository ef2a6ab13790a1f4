using BenchmarkDotNet.Running;
using StickySessions.Benchmarks.Forwarding;
using StickySessions.Benchmarks.Scale;

switch (args)
{
    case ["forward", .. var settings]:
        await ForwardBenchmark.RunAsync(settings);
        break;
    case ["nodes", .. var settings]:
        await NodesBenchmark.RunAsync(settings);
        break;
    case [ServerProcess.Command, .. var role]:
        await ServerRoles.RunAsync(role);
        break;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        break;
}
