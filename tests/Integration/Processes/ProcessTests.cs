namespace StickySessions.Tests.Integration.Processes;

/// <summary>
/// Tests that start several processes: one after the other and beside nothing else, or the machine would be too busy to say anything
/// about time. They share one cluster as long as they stop none of its nodes.
/// </summary>
[CollectionDefinition(nameof(ProcessTests), DisableParallelization = true)]
public sealed class ProcessTests : ICollectionFixture<SharedShopCluster>;
