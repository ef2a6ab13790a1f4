using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>What is done to the first answer, so that a client without cookies finds its session, leaves the application's own middleware its part.</summary>
public sealed class AnswersToClientsWithoutCookiesTests(GarnetServerFixture redis)
{
    private const string Page = "https://page.test";

    [Fact]
    public async Task Negotiate_FromAnotherOrigin_CarriesWhatTheApplicationAllows()
    {
        await using var node = await StartAsync(StickyPreset.SignalRWithoutCookies, afterSticky: app =>
        {
            app.UseCors(cors => cors.WithOrigins(Page).AllowAnyHeader().AllowAnyMethod());
            app.MapHub<QuietHub>("/chat");
        });
        using var answer = await SendAsync(node, HttpMethod.Post, "/chat/negotiate?negotiateVersion=1&room=7");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(Page, Assert.Single(answer.Headers.GetValues(HeaderNames.AccessControlAllowOrigin)));
        Assert.Matches($"\"url\":\"{node[0].Http}chat\\?.*room=7.*sticky=", await BodyAsync(answer));
    }

    [Fact]
    public async Task Negotiate_ThatTheApplicationForbids_SaysSoAtOnce()
    {
        await using var node = await StartAsync(StickyPreset.SignalRWithoutCookies, afterSticky: app =>
        {
            app.UseAuthorization();
            app.MapHub<QuietHub>("/chat").RequireAuthorization(nobody => nobody.RequireAssertion(_ => false));
        });
        using var answer = await SendAsync(node, HttpMethod.Post, "/chat/negotiate?negotiateVersion=1");
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task EmptyAnswer_WhoseBodyMightHaveGivenOutAToken_IsStillForOthersToFill()
    {
        await using var node = await StartAsync(StickyPreset.EngineIO, beforeSticky: app => app.UseStatusCodePages());
        using var answer = await SendAsync(node, HttpMethod.Get, "/nowhere");
        Assert.Equal((HttpStatusCode.NotFound, "Status Code: 404; Not Found"), (answer.StatusCode, (await BodyAsync(answer)).TrimEnd()));
    }

    [Fact]
    public async Task EmptyAnswer_WhoseBodyMightHaveGivenOutAToken_HasItsLength()
    {
        await using var node = await StartAsync(StickyPreset.EngineIO, afterSticky: app => app.MapGet("/nothing", () => { }));
        using var answer = await SendAsync(node, HttpMethod.Get, "/nothing");
        Assert.Equal((HttpStatusCode.OK, null), (answer.StatusCode, answer.Headers.TransferEncodingChunked));
    }

    private async Task<StickyTestCluster> StartAsync(StickyPreset preset, Action<WebApplication>? beforeSticky = null, Action<WebApplication>? afterSticky = null)
        => await StickyTestCluster.StartAsync(new StickyTestClusterOptions
        {
            Redis = await redis.ConfigurationAsync(),
            Nodes = 1,
            ConfigureBuilder = builder =>
            {
                builder.Services.AddSignalR();
                builder.Services.AddCors();
                builder.Services.AddAuthorization();
                builder.Services.AddAuthentication().AddCookie(cookie => cookie.Events.OnRedirectToLogin = login =>
                {
                    login.Response.StatusCode = (int)HttpStatusCode.Unauthorized;
                    return Task.CompletedTask;
                });
            },
            ConfigureSticky = sticky => sticky.ConfigurePolicy(policy => policy.Apply(preset)),
            BeforeSticky = beforeSticky ?? (_ => { }),
            AfterSticky = afterSticky ?? (_ => { }),
        });

    private static async Task<HttpResponseMessage> SendAsync(StickyTestCluster node, HttpMethod method, string path)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(method, new Uri(node[0].Http, path)) { Headers = { { HeaderNames.Origin, Page } } };
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static Task<string> BodyAsync(HttpResponseMessage answer) => answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

    private sealed class QuietHub : Hub;
}
