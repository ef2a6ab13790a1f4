using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Tests.Unit.Middleware;

public sealed class LearntBodyTests : IDisposable
{
    private readonly MemoryStream _client = new();
    private readonly List<(string Seen, long Sent)> _looks = [];
    private readonly DefaultHttpContext _context = new();

    public LearntBodyTests() => _context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(_client));

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task TokenInOneWrite_IsSeenBeforeItLeaves()
    {
        await RunAsync(context => context.Response.WriteAsync("0{\"sid\":\"abc\"}"));

        Assert.Equal([("0{\"sid\":\"abc\"}", 0L)], _looks);
        Assert.Equal("0{\"sid\":\"abc\"}", Sent);
    }

    [Fact]
    public async Task TokenInPieces_IsSeenBeforeItsEndLeaves()
    {
        await RunAsync(async context =>
        {
            foreach (var piece in "0{\"sid\":\"abc\"}, and on")
            {
                await context.Response.WriteAsync(piece.ToString());
                await context.Response.Body.FlushAsync();
            }
        });

        Assert.Equal(("0{\"sid\":\"abc\"", 12L), _looks[^1]);
        Assert.Equal("0{\"sid\":\"abc\"}, and on", Sent);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(5_000)]
    public async Task LargeBody_IsLookedAtInItsFirstFourKilobytesOnly_AndArrivesWhole(int pieceLength)
    {
        var piece = new byte[pieceLength];
        Array.Fill(piece, (byte)'x');
        await RunAsync(async context =>
        {
            for (var i = 0; i < 1_000; i++)
            {
                await context.Response.Body.WriteAsync(piece, TestContext.Current.CancellationToken);
            }
        });

        Assert.Equal(LearntBody.LooksAt, _looks[^1].Seen.Length);
        Assert.Equal((LearntBody.LooksAt + pieceLength - 1) / pieceLength, _looks.Count);
        Assert.Equal(1_000L * pieceLength, _client.Length);
    }

    [Fact]
    public async Task SynchronousWrites_AreSeenToo()
    {
        await RunAsync(context =>
        {
            context.Response.Body.Write("\"sid\":\"abc\""u8.ToArray());
            context.Response.Body.Flush();
            return Task.CompletedTask;
        });

        Assert.Single(_looks);
        Assert.Equal("\"sid\":\"abc\"", Sent);
    }

    [Fact]
    public async Task ApplicationThatFails_LeavesTheBodyAsItWas()
    {
        var before = _context.Features.Get<IHttpResponseBodyFeature>();

        await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(_ => throw new InvalidOperationException()));

        Assert.Same(before, _context.Features.Get<IHttpResponseBodyFeature>());
    }

    private string Sent => Encoding.UTF8.GetString(_client.ToArray());

    private Task RunAsync(RequestDelegate application)
        => LearntBody.RunAsync(
            _context,
            seen =>
            {
                _looks.Add((seen, _client.Length));
                return new(seen.Contains("abc\"", StringComparison.Ordinal));
            },
            application);
}
