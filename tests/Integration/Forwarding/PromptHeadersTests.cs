using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>That the headers of an answer are sent before its body only if they would have to wait for it.</summary>
public sealed class PromptHeadersTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/ordinary", true)]
    [InlineData("/ordinary", false)]
    [InlineData("/empty", true)]
    public async Task Answer_BodyComesWithHeaders_TakesOneWrite(string path, bool overInterconnect)
    {
        const int Requests = 200;
        var flushes = await CountFlushesAsync(path, overInterconnect, Requests);

        // Now and then the body is a moment late, as on any wire.
        Assert.InRange(flushes, 0, Requests / 4);
    }

    [Fact]
    public async Task Answer_HeadersWereFlushed_AreSentAtOnce() => Assert.Equal(1, await CountFlushesAsync("/late", overInterconnect: true, requests: 1));

    private static async Task<int> CountFlushesAsync(string path, bool overInterconnect, int requests)
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var owner = await TestNode.StartAsync(
            "b",
            app =>
            {
                app.Map("/ordinary", context => context.Response.WriteAsync(new string('x', 1000)));
                app.Map("/empty", () => Results.NoContent());
                app.Map("/late", async context =>
                {
                    await context.Response.Body.FlushAsync(context.RequestAborted);
                    await goOn.Task.WaitAsync(context.RequestAborted);
                });
            },
            EchoNodes.WithoutInterconnect(!overInterconnect));
        var flushes = 0;
        await using var ingress = await TestNode.StartAsync("a", before: app => app.Use(async (context, next) =>
        {
            var body = new CountingStream(context.Response.Body);
            context.Response.Body = body;
            await next(context);
            Interlocked.Add(ref flushes, body.Flushes);
        }));
        ingress.Peers["b"] = owner.AsPeer(overInterconnect);
        using var client = ingress.Client();
        client.DefaultRequestHeaders.Add("To", "b");
        for (var request = 0; request < requests; request++)
        {
            using var answer = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Cancellation);
            answer.EnsureSuccessStatusCode();
            goOn.TrySetResult();
            await answer.Content.ReadAsByteArrayAsync(Cancellation);
        }

        await ingress.StopAsync();
        return flushes;
    }

    private sealed class CountingStream(Stream body) : MemoryStream
    {
        public int Flushes { get; private set; }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            Flushes++;
            return body.FlushAsync(cancellationToken);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
            => body.WriteAsync(buffer, cancellationToken);
    }
}
