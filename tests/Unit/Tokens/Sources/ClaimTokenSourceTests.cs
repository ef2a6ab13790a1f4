using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Tests.Unit.Middleware;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens.Sources;

public sealed class ClaimTokenSourceTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly ServiceProvider _services;

    public ClaimTokenSourceTests()
    {
        var services = new ServiceCollection().AddLogging();
        services.AddSingleton<IDataProtectionProvider>(new EphemeralDataProtectionProvider());
        services.AddAuthentication("main")
            .AddCookie("main", options => (options.TimeProvider, options.ExpireTimeSpan, options.SlidingExpiration) = (_time, TimeSpan.FromHours(1), true))
            .AddCookie("other", options => options.TimeProvider = _time);
        _services = services.BuildServiceProvider();
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    [Fact]
    public async Task Read_UserAuthenticatedAlready_IsTheirClaim()
    {
        var context = Request("");
        context.User = User("jo");

        Assert.Equal(["jo"], await ReadAsync(context, StickyTokenSourceOptions.Claim("sub")));
    }

    [Fact]
    public async Task Read_BeforeAuthentication_AuthenticatesByTheDefaultScheme()
    {
        var context = Request(await SignInAsync("main", "jo"));
        var before = context.User;

        Assert.Equal(["jo"], await ReadAsync(context, StickyTokenSourceOptions.Claim("sub")));
        Assert.Same(before, context.User);
    }

    [Fact]
    public async Task Read_NamedScheme_IsAskedWhateverElseHasAuthenticated()
    {
        var context = Request(await SignInAsync("other", "jane"));
        var source = StickyTokenSourceOptions.Claim("sub", "other");

        Assert.Equal(["jane"], await ReadAsync(context, source));

        context.User = User("jo");
        Assert.Equal(["jane"], await ReadAsync(context, source));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".AspNetCore.main=forged")]
    public async Task Read_NobodyAuthenticated_FindsNothing(string cookies)
        => Assert.Empty(await ReadAsync(Request(cookies), StickyTokenSourceOptions.Claim("sub")));

    [Fact]
    public async Task Read_ClaimOfAnIdentityThatIsNotAuthenticated_DoesNotCount()
    {
        var context = Request("");
        context.User = new ClaimsPrincipal([new ClaimsIdentity("test"), new ClaimsIdentity([new Claim("sub", "forged")])]);

        Assert.Empty(await ReadAsync(context, StickyTokenSourceOptions.Claim("sub")));
    }

    [Fact]
    public async Task Read_NoServicesOfAuthentication_ThrowsWithTheSource()
    {
        await using var services = new ServiceCollection().BuildServiceProvider();
        var context = new DefaultHttpContext { RequestServices = services };

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => ReadAsync(context, StickyTokenSourceOptions.Claim("sub")));

        Assert.Contains("The token source Claim \"sub\" needs authentication", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_CookieThatIsDueForRenewal_LeavesTheRenewalToTheApplication()
    {
        var cookies = await SignInAsync("main", "jo");
        _time.Advance(TimeSpan.FromMinutes(45));
        await using var scope = _services.CreateAsyncScope();
        var response = new StartableResponse();
        var context = Request(cookies, response, scope.ServiceProvider);

        Assert.Equal(["jo"], await ReadAsync(context, StickyTokenSourceOptions.Claim("sub")));
        await response.StartAsync();
        Assert.Empty(response.Headers);

        Assert.True((await context.AuthenticateAsync("main")).Succeeded);
        await response.StartAsync();
        Assert.Single(response.Headers.SetCookie);
    }

    private static ClaimsPrincipal User(string subject) => new(new ClaimsIdentity([new Claim("sub", subject)], "test"));

    private static async Task<string[]> ReadAsync(HttpContext context, StickyTokenSourceOptions source)
        => [.. (await new TokenSourceChain([source]).ReadAsync(context)).Select(token => token.Value)];

    private async Task<string> SignInAsync(string scheme, string subject)
    {
        await using var scope = _services.CreateAsyncScope();
        var context = Request("", new StartableResponse(), scope.ServiceProvider);
        await context.SignInAsync(scheme, User(subject));
        return context.Response.Headers.SetCookie.ToString().Split(';')[0];
    }

    private DefaultHttpContext Request(string cookies, StartableResponse? response = null, IServiceProvider? services = null)
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpResponseFeature>(response ?? new StartableResponse());
        context.RequestServices = services ?? _services;
        context.Request.Headers.Cookie = cookies;
        return context;
    }
}
