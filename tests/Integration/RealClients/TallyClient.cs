using System.Globalization;
using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using StickySessions.Tests.ClientApp.Grpc;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>One session of the gRPC service, whose calls take turns on several connections.</summary>
internal sealed class TallyClient : IDisposable
{
    private const int Connections = 4;

    private readonly Metadata _headers = new() { { "x-session", Guid.NewGuid().ToString("N") } };
    private readonly GrpcChannel[] _channels;
    private int _turn;

    /// <param name="address">Where to connect.</param>
    /// <param name="keepsCookies">As a channel does by itself, but only those it was given itself; here all channels have them.</param>
    public TallyClient(Uri address, bool keepsCookies)
    {
        var cookies = new CookieContainer();
        _channels = [.. Enumerable.Range(0, Connections).Select(_ => GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler { CookieContainer = cookies, UseCookies = keepsCookies },
            DisposeHttpClient = true,
        }))];
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Tally.TallyClient Next => new(_channels[_turn++ % Connections]);

    /// <summary>Unary; the trailers say the same as the answer.</summary>
    public async Task<int> AddAsync(int amount)
    {
        using var call = Next.AddAsync(new Amount { Value = amount }, _headers, cancellationToken: Cancellation);
        var sum = (await call).Value;
        Assert.Equal(sum.ToString(CultureInfo.InvariantCulture), call.GetTrailers().GetValue("x-sum"));
        return sum;
    }

    public async Task<int> AddAllAsync(params int[] amounts)
    {
        using var call = Next.AddAll(_headers, cancellationToken: Cancellation);
        foreach (var amount in amounts)
        {
            await call.RequestStream.WriteAsync(new Amount { Value = amount }, Cancellation);
        }

        await call.RequestStream.CompleteAsync();
        return (await call).Value;
    }

    public async Task<int[]> AddOnesAsync(int times)
    {
        using var call = Next.AddOnes(new Amount { Value = times }, _headers, cancellationToken: Cancellation);
        return await call.ResponseStream.ReadAllAsync(Cancellation).Select(sum => sum.Value).ToArrayAsync(Cancellation);
    }

    /// <summary>Each amount is sent when the sum of the one before has come back.</summary>
    public async Task<int[]> AddEachAsync(params int[] amounts)
    {
        using var call = Next.AddEach(_headers, cancellationToken: Cancellation);
        var sums = new List<int>();
        foreach (var amount in amounts)
        {
            await call.RequestStream.WriteAsync(new Amount { Value = amount }, Cancellation);
            Assert.True(await call.ResponseStream.MoveNext(Cancellation));
            sums.Add(call.ResponseStream.Current.Value);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(Cancellation));
        return [.. sums];
    }

    public async Task WaitAsync(TimeSpan? deadline, CancellationToken cancellationToken)
        => await Next.WaitAsync(new Amount(), _headers, DateTime.UtcNow + deadline, cancellationToken);

    /// <summary>How many waits run at the session's owner.</summary>
    public async Task<int> WaitingAsync() => (await LookAsync()).Waiting;

    /// <summary>How many have been ended there.</summary>
    public async Task<int> AbandonedAsync() => (await LookAsync()).Abandoned;

    public void Dispose()
    {
        foreach (var channel in _channels)
        {
            channel.Dispose();
        }
    }

    private async Task<Sum> LookAsync() => await Next.AddAsync(new Amount(), _headers, cancellationToken: Cancellation);
}
