using Grpc.Core;
using Grpc.Net.Client;
using StickySessions.Tests.Integration.Conformance.Application;
using StickySessions.Tests.Integration.Conformance.Clients;
using StickySessions.Tests.Integration.Conformance.Comparing;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Rows;

/// <summary>gRPC calls of each kind. HTTP/1.1 carries none of them.</summary>
public sealed class GrpcRows(ConformanceClusters clusters, GarnetServerFixture garnet) : ConformanceRows(clusters, garnet)
{
    public static TheoryData<Transport> Streaming => [.. Transports.Streaming];

    public static MatrixTheoryData<Transport, string> Contents => new(Transports.Streaming, ["good", "bad"]);

    [Theory, MemberData(nameof(Contents))]
    public Task Unary_AnswerOrError_ArrivesWithTrailers(Transport transport, string content)
        => SameAsDirectAsync(transport, route => CallAsync(route, async (invoker, options, answer) =>
        {
            using var call = invoker.AsyncUnaryCall(GrpcEcho.Unary, null, options, content.Select(letter => (byte)letter).ToArray());
            await DescribeAsync(answer, call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, async () => answer.SetBody(await call));
        }));

    [Theory, MemberData(nameof(Contents))]
    public Task ServerStream_AnswerOrError_ArrivesWithTrailers(Transport transport, string content)
        => SameAsDirectAsync(transport, route => CallAsync(route, async (invoker, options, answer) =>
        {
            using var call = invoker.AsyncServerStreamingCall(
                GrpcEcho.ServerStream, null, options, content.Select(letter => (byte)letter).ToArray());
            await DescribeAsync(answer, call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, async () =>
            {
                var all = new List<byte>();
                await foreach (var message in call.ResponseStream.ReadAllAsync(TestContext.Current.CancellationToken))
                {
                    all.AddRange(message);
                    answer.SetBody([.. all]);
                }
            });
        }));

    [Theory, MemberData(nameof(Streaming))]
    public Task ClientStream_AnswerArrives(Transport transport)
        => SameAsDirectAsync(transport, route => CallAsync(route, async (invoker, options, answer) =>
        {
            using var call = invoker.AsyncClientStreamingCall(GrpcEcho.ClientStream, null, options);
            for (byte i = 0; i < 10; i++)
            {
                await call.RequestStream.WriteAsync([i], TestContext.Current.CancellationToken);
            }

            await call.RequestStream.CompleteAsync();
            await DescribeAsync(answer, call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, async () => answer.SetBody(await call));
        }));

    [Theory, MemberData(nameof(Streaming))]
    public Task Duplex_EachMessage_ComesBackBeforeTheNext(Transport transport)
        => SameAsDirectAsync(transport, route => CallAsync(route, async (invoker, options, answer) =>
        {
            using var call = invoker.AsyncDuplexStreamingCall(GrpcEcho.Duplex, null, options);
            for (byte i = 0; i < 10; i++)
            {
                await call.RequestStream.WriteAsync([i], TestContext.Current.CancellationToken);
                Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
                Assert.Equal([i], call.ResponseStream.Current);
            }

            await call.RequestStream.CompleteAsync();
            await DescribeAsync(answer, call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, async () =>
                Assert.False(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken)));
        }));

    private static async Task<Fields> CallAsync(Route route, Func<CallInvoker, CallOptions, Fields, Task> call)
    {
        using var channel = GrpcChannel.ForAddress(
            route.Ingress.H2c, new GrpcChannelOptions { HttpHandler = new HostHandler(route.CreateHandler()), DisposeHttpClient = true });
        var headers = new Metadata
        {
            { "cookie", route.Cookie },
            { RequestRecorder.IdHeader, route.Id },
            { "x-text", "value" },
            { "x-binary-bin", [0, 1, 254, 255] },
        };
        var answer = new Fields();
        await call(channel.CreateCallInvoker(), new CallOptions(headers, cancellationToken: TestContext.Current.CancellationToken), answer);
        return answer;
    }

    private static async Task DescribeAsync(
        Fields answer, Task<Metadata> headers, Func<Status> status, Func<Metadata> trailers, Func<Task> complete)
    {
        try
        {
            await complete();
        }
        catch (RpcException)
        {
            // Its status is described below.
        }

        foreach (var header in await headers)
        {
            answer.AddHeader(header.Key, [ValueOf(header)]);
        }

        answer.Set("gRPC status", $"{status().StatusCode} {status().Detail}");
        foreach (var trailer in trailers())
        {
            answer.AddTrailer(trailer.Key, [ValueOf(trailer)]);
        }
    }

    private static string ValueOf(Metadata.Entry entry)
        => entry.IsBinary ? Convert.ToHexString(entry.ValueBytes)
            : ServerClock.IsNow(entry.Key, entry.Value) ? "now"
            : entry.Value;

    /// <summary>The address in the channel names a port, which is not the same in both exchanges.</summary>
    private sealed class HostHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Host = Pipelines.Host;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
