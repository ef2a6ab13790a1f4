using BenchmarkDotNet.Running;
using StickySessions.Benchmarks.Forwarding;
using StickySessions.Benchmarks.Scale;
using StickySessions.Benchmarks.State;

switch (args)
{
    case ["forward", .. var settings]:
        await ForwardBenchmark.RunAsync(settings);
        break;
    case ["nodes", .. var settings]:
        await NodesBenchmark.RunAsync(settings);
        break;
    case ["crash", .. var settings]:
        await CrashBenchmark.RunAsync(settings);
        break;
    case ["orphans", .. var settings]:
        await OrphansBenchmark.RunAsync(settings);
        break;
    case ["state", .. var settings]:
        await StateBenchmark.RunAsync(settings);
        break;
    case ["million", .. var settings]:
        await MillionBenchmark.RunAsync(settings);
        break;
    case ["rolling", .. var settings]:
        await RollingBenchmark.RunAsync(settings);
        break;
    case [StateRoles.Command, .. var role]:
        await StateRoles.RunAsync(role);
        break;
    case [ScaleNode.Command, var name, var port, var redis, var expireOnRefused]:
        await ScaleNode.RunAsync(name, port, redis, expireOnRefused);
        break;
    case [ServerProcess.Command, .. var role]:
        await ServerRoles.RunAsync(role);
        break;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        break;
}
