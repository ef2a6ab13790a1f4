namespace StickySessions.Tests.ClientApp.Grpc;

/// <summary>A gRPC service with each kind of call.</summary>
internal static class GrpcPart
{
    public static void AddTally(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Tallies>();
        builder.Services.AddGrpc();
    }

    public static void MapTally(this WebApplication app) => app.MapGrpcService<TallyService>();
}
