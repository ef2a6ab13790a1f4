namespace StickySessions.Tests.Integration.Processes;

/// <summary>
/// Tests that start several processes: one after the other and beside nothing else, or the machine would be too busy to say anything
/// about time.
/// </summary>
[CollectionDefinition(nameof(ProcessTests), DisableParallelization = true)]
public sealed class ProcessTests;

/// <summary>Those that start several processes but stop none, and say nothing about time: they share one cluster, which ends with the last of them.</summary>
[CollectionDefinition(nameof(SharedProcessTests))]
public sealed class SharedProcessTests : ICollectionFixture<SharedShopCluster>;
