using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace StickySessions.Tests.Integration.ShopCart;

public class OperationsTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/healthz/live")]
    [InlineData("/healthz/ready")]
    public async Task Health_RunningNode_Is200WithoutASession(string address)
    {
        await using var shop = await RunningShop.StartAsync();

        var answer = await shop.Visitor.GetAsync(address, Cancelled);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task Drain_FromThisMachine_Is202AndStopsTheNode()
    {
        await using var shop = await RunningShop.StartAsync();
        var stopping = new TaskCompletionSource();
        await using var registration = shop.Stopping.Register(stopping.SetResult);

        var answer = await shop.Visitor.PostAsync("/admin/drain", null, Cancelled);

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        await stopping.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
    }

    [Theory]
    [InlineData("192.0.2.7")]
    [InlineData("::ffff:192.0.2.7")]
    [InlineData(null)]
    public async Task Drain_FromElsewhere_Is403AndTheNodeGoesOn(string? client)
    {
        var address = client is null ? null : IPAddress.Parse(client);
        await using var shop = await RunningShop.StartAsync(
            configure: builder => builder.Services.AddSingleton<IStartupFilter>(new ClientAddress(address)));

        var answer = await shop.Visitor.PostAsync("/admin/drain", null, Cancelled);

        await RunningShop.AssertProblemAsync(HttpStatusCode.Forbidden, answer);
        Assert.False(shop.Stopping.IsCancellationRequested);
    }

    [Fact]
    public async Task Drain_ByAPageOfAnotherSite_Is403()
    {
        await using var shop = await RunningShop.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/admin/drain") { Headers = { { "Sec-Fetch-Site", "cross-site" } } };

        var answer = await shop.Visitor.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.False(shop.Stopping.IsCancellationRequested);
    }

    /// <summary>Lets every request come from another address than it does.</summary>
    private sealed class ClientAddress(IPAddress? address) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, pipeline) =>
            {
                context.Connection.RemoteIpAddress = address;
                return pipeline(context);
            });
            next(app);
        };
    }
}
