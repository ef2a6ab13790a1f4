namespace StickySessions.Tests.Integration.RealClients;

/// <summary>Tests with clients that nobody here wrote, beside nothing else. They stop no node and share what they need.</summary>
[CollectionDefinition(nameof(RealClientTests), DisableParallelization = true)]
public sealed class RealClientTests : ICollectionFixture<SharedClientApps>, ICollectionFixture<NodeScripts>;
