using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ShopCart.Cluster.Balancing;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.ShopCart;

public class ReadinessWatchTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watch_NodeTurnsUnreadyAndReadyAgain_LeavesAndReturnsToTheRotation()
    {
        var status = StatusCodes.Status200OK;
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var node = builder.Build();
        node.MapGet("/healthz/ready", () => TypedResults.StatusCode(Volatile.Read(ref status)));
        await node.StartAsync(Cancelled);
        var address = new Uri(node.Urls.First());
        var backend = new Backend(new IPEndPoint(IPAddress.Loopback, address.Port));
        using var http = new HttpClient();
        await using var watch = new ReadinessWatch(http, [(address, backend)]);

        Volatile.Write(ref status, StatusCodes.Status503ServiceUnavailable);
        await Eventually.Async(() => !backend.InRotation);

        Volatile.Write(ref status, StatusCodes.Status200OK);
        await Eventually.Async(() => backend.InRotation);

        await node.StopAsync(Cancelled);
        await Eventually.Async(() => !backend.InRotation);
    }
}
