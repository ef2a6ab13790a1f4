using Grpc.Core;

namespace StickySessions.Tests.ClientApp.Grpc;

/// <summary>Adds up, in this process and nowhere else.</summary>
internal sealed class TallyService(Tallies tallies) : Tally.TallyBase
{
    public override Task<Sum> Add(Amount request, ServerCallContext context)
    {
        var sum = Of(context).Add(request.Value);
        context.ResponseTrailers.Add("x-sum", sum.Value.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return Task.FromResult(sum);
    }

    public override async Task<Sum> AddAll(IAsyncStreamReader<Amount> requestStream, ServerCallContext context)
    {
        var sum = Of(context).Add(0);
        await foreach (var amount in requestStream.ReadAllAsync(context.CancellationToken))
        {
            sum = Of(context).Add(amount.Value);
        }

        return sum;
    }

    public override async Task AddOnes(Amount request, IServerStreamWriter<Sum> responseStream, ServerCallContext context)
    {
        for (var i = 0; i < request.Value; i++)
        {
            await responseStream.WriteAsync(Of(context).Add(1), context.CancellationToken);
        }
    }

    public override async Task AddEach(IAsyncStreamReader<Amount> requestStream, IServerStreamWriter<Sum> responseStream, ServerCallContext context)
    {
        await foreach (var amount in requestStream.ReadAllAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(Of(context).Add(amount.Value), context.CancellationToken);
        }
    }

    public override async Task<Sum> Wait(Amount request, ServerCallContext context)
    {
        var sum = Of(context);
        sum.BeginWait();
        try
        {
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
            return sum.Add(0);
        }
        finally
        {
            sum.EndWait();
        }
    }

    private RunningSum Of(ServerCallContext context) => tallies.Of(context.RequestHeaders.GetValue("x-session")!);
}
