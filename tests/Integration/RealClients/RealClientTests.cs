namespace StickySessions.Tests.Integration.RealClients;

/// <summary>Tests with clients that nobody here wrote, one after the other. They stop no node and share what they need.</summary>
[CollectionDefinition(nameof(RealClientTests))]
public sealed class RealClientTests : ICollectionFixture<SharedClientApps>, ICollectionFixture<NodeScripts>;
