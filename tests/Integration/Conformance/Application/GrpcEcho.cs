using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace StickySessions.Tests.Integration.Conformance.Application;

/// <summary>A gRPC service of each kind of call, over plain bytes: what is tested is the transport, not the messages.</summary>
internal sealed class GrpcEcho
{
    public static readonly Method<byte[], byte[]> Unary = Define(MethodType.Unary);
    public static readonly Method<byte[], byte[]> ServerStream = Define(MethodType.ServerStreaming);
    public static readonly Method<byte[], byte[]> ClientStream = Define(MethodType.ClientStreaming);
    public static readonly Method<byte[], byte[]> Duplex = Define(MethodType.DuplexStreaming);

    /// <summary>A request with this content is answered with an error status.</summary>
    public static ReadOnlySpan<byte> Bad => "bad"u8;

    private static Method<byte[], byte[]> Define(MethodType type)
    {
        var bytes = Marshallers.Create(content => content, content => content);
        return new Method<byte[], byte[]>(type, "test.Echo", type.ToString(), bytes, bytes);
    }

    private static Task<byte[]> UnaryAsync(GrpcEcho _, byte[] request, ServerCallContext context)
    {
        context.ResponseTrailers.Add("x-trailer", "ends here");
        context.ResponseTrailers.Add("x-binary-bin", [0, 1, 254, 255]);
        return request.AsSpan().SequenceEqual(Bad)
            ? throw new RpcException(new Status(StatusCode.FailedPrecondition, "schlecht, übel: 100 %"))
            : Task.FromResult(request);
    }

    private static async Task ServerStreamAsync(
        GrpcEcho _, byte[] request, IServerStreamWriter<byte[]> responses, ServerCallContext context)
    {
        for (var i = 0; i < 3; i++)
        {
            await responses.WriteAsync([.. request, (byte)('0' + i)], context.CancellationToken);
        }

        context.ResponseTrailers.Add("x-trailer", "three sent");
        if (request.AsSpan().SequenceEqual(Bad))
        {
            throw new RpcException(new Status(StatusCode.DataLoss, "after three"));
        }
    }

    private static async Task<byte[]> ClientStreamAsync(GrpcEcho _, IAsyncStreamReader<byte[]> requests, ServerCallContext context)
    {
        var all = new List<byte>();
        await foreach (var request in requests.ReadAllAsync(context.CancellationToken))
        {
            all.AddRange(request);
        }

        return [.. all];
    }

    private static async Task DuplexAsync(
        GrpcEcho _, IAsyncStreamReader<byte[]> requests, IServerStreamWriter<byte[]> responses, ServerCallContext context)
    {
        await foreach (var request in requests.ReadAllAsync(context.CancellationToken))
        {
            await responses.WriteAsync(request, context.CancellationToken);
        }

        context.ResponseTrailers.Add("x-trailer", "both ends done");
    }

    /// <summary>Stands where generated code would.</summary>
    internal sealed class Methods : IServiceMethodProvider<GrpcEcho>
    {
        public void OnServiceMethodDiscovery(ServiceMethodProviderContext<GrpcEcho> context)
        {
            context.AddUnaryMethod(Unary, [], UnaryAsync);
            context.AddServerStreamingMethod(ServerStream, [], ServerStreamAsync);
            context.AddClientStreamingMethod(ClientStream, [], ClientStreamAsync);
            context.AddDuplexStreamingMethod(Duplex, [], DuplexAsync);
        }
    }
}

internal static class GrpcEchoRegistration
{
    public static void AddGrpcEcho(this IServiceCollection services)
    {
        services.AddGrpc();
        services.AddSingleton<IServiceMethodProvider<GrpcEcho>, GrpcEcho.Methods>();
    }

    public static void MapGrpcEcho(this WebApplication app) => app.MapGrpcService<GrpcEcho>();
}
