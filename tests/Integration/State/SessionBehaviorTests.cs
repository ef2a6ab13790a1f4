using Microsoft.AspNetCore.Http;

namespace StickySessions.Tests.Integration.State;

/// <summary>
/// What applications know of ASP.NET Core's session, with <c>UseStickySessions</c> only and with <c>UseSession</c> behind it. Where it differs, docs/state.md says so.
/// </summary>
public sealed class SessionBehaviorTests
{
    public static TheoryData<bool> UseSession => [false, true];

    [Theory]
    [MemberData(nameof(UseSession))]
    public async Task Values_SetInOneRequest_AreThereInTheNext(bool useSession)
    {
        await using var host = await SessionHost.StartAsync(useSession);

        await host.RunAsync(session =>
        {
            Assert.Null(session.GetString("name"));
            session.SetString("name", "Ada");
            session.SetInt32("count", 3);
            Assert.Equal("Ada", session.GetString("name"));
        });

        await host.RunAsync(session =>
        {
            Assert.Equal(("Ada", 3), (session.GetString("name"), session.GetInt32("count")));
            Assert.Equal(["count", "name"], session.Keys.Order());
        });
    }

    [Theory]
    [MemberData(nameof(UseSession))]
    public async Task Values_RemovedOrCleared_AreGoneInTheNextRequest(bool useSession)
    {
        await using var host = await SessionHost.StartAsync(useSession);
        await host.RunAsync(session =>
        {
            session.SetString("name", "Ada");
            session.SetString("city", "London");
        });

        await host.RunAsync(session => session.Remove("name"));
        await host.RunAsync(session => Assert.Equal(["city"], session.Keys));
        await host.RunAsync(session => session.Clear());

        await host.RunAsync(session => Assert.Empty(session.Keys));
    }

    [Theory]
    [MemberData(nameof(UseSession))]
    public async Task Session_IsAvailableAndKeepsItsId(bool useSession)
    {
        await using var host = await SessionHost.StartAsync(useSession);
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            await host.RunAsync(session =>
            {
                Assert.True(session.IsAvailable);
                ids.Add(session.Id);
            });
        }

        Assert.NotEqual("", Assert.Single(ids.Distinct()));
    }

    [Theory]
    [MemberData(nameof(UseSession))]
    public async Task Response_CarriesNoCookieOfTheStockSession(bool useSession)
    {
        await using var host = await SessionHost.StartAsync(useSession);

        using var first = await host.RunAsync(session => session.SetString("name", "Ada"));
        using var second = await host.RunAsync(session => session.SetString("name", "Grace"));

        Assert.DoesNotContain(".AspNetCore.Session", Assert.Single(first.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
        Assert.False(second.Headers.Contains("Set-Cookie"));
    }

    [Theory]
    [MemberData(nameof(UseSession))]
    public async Task KeysAndValues_OddOnes_AreAsInTheStockSession(bool useSession)
    {
        await using var host = await SessionHost.StartAsync(useSession);

        await host.RunAsync(session =>
        {
            Assert.Throws<ArgumentNullException>(() => session.Set("key", null!));
            Assert.Throws<ArgumentNullException>(() => session.Set(null!, []));
            Assert.Throws<ArgumentNullException>(() => session.TryGetValue(null!, out _));
            Assert.Throws<ArgumentNullException>(() => session.Remove(null!));
            session.Set("", [1]);
            session.Set("empty", []);
            session.Remove("never there");
        });

        await host.RunAsync(session =>
        {
            Assert.Equal(["", "empty"], session.Keys.Order());
            Assert.True(session.TryGetValue("empty", out var empty));
            Assert.Empty(empty);
            Assert.True(session.TryGetValue("", out var one));
            Assert.Equal([1], one);
        });
    }

    [Fact]
    public async Task Key_OfATypedValue_IsRefusedAndHidden()
    {
        await using var host = await SessionHost.StartAsync(useSession: false);

        await host.RunAsync(session =>
        {
            session.State<Basket>().Change(basket => basket.Add("apple"));
            Assert.Throws<ArgumentException>(() => session.Set("\0basket", []));
            Assert.Throws<ArgumentException>(() => session.Remove("\0basket"));
            Assert.False(session.TryGetValue("\0basket", out _));
            Assert.Empty(session.Keys);
        });
    }

    [Theory]
    [MemberData(nameof(UseSession))]
    public async Task Arrays_ThatTheApplicationChanges_AreCopies(bool useSession)
    {
        await using var host = await SessionHost.StartAsync(useSession);
        byte[] given = [1];
        await host.RunAsync(session => session.Set("key", given));
        given[0] = 2;

        await host.RunAsync(session =>
        {
            session.TryGetValue("key", out var got);
            Assert.Equal([1], got);
            got![0] = 3;
        });

        await host.RunAsync(session =>
        {
            session.TryGetValue("key", out var got);
            Assert.Equal([1], got);
        });
    }

    [Fact]
    public async Task Array_ThatIsGotChangedAndSetAgain_IsAChange()
    {
        await using var host = await SessionHost.StartAsync(useSession: false);
        await host.RunAsync(session => session.Set("key", [1]));
        var before = Version();

        await host.RunAsync(session =>
        {
            session.TryGetValue("key", out var got);
            got![0]++;
            session.Set("key", got);
        });

        Assert.Equal(before + 1, Version());
        long Version() => ((StickySessions.State.LiveState)host.Node.Held.All().Single().Memory!).Version;
    }

    [Theory]
    [MemberData(nameof(UseSession))]
    public async Task LoadAndCommit_ThatAreCancelled_SaySo(bool useSession)
    {
        await using var host = await SessionHost.StartAsync(useSession);

        await host.RunAsync(async context =>
        {
            var cancelled = new CancellationToken(canceled: true);
            await context.Session.LoadAsync(CancellationToken.None);
            await context.Session.CommitAsync(CancellationToken.None);
            var load = context.Session.LoadAsync(cancelled);
            var commit = context.Session.CommitAsync(cancelled);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => load);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => commit);
        });
    }

    [Fact]
    public async Task Endpoint_ThatIsNotSticky_HasNoSession()
    {
        await using var host = await SessionHost.StartAsync(useSession: false);

        await host.RunAsync(context =>
        {
            Assert.Throws<InvalidOperationException>(() => context.Session);
            return Task.CompletedTask;
        }, "/not-sticky");
    }

    [Fact]
    public async Task Endpoint_ThatIsNotSticky_WithUseSession_HasOneThatIsNotAvailable()
    {
        await using var host = await SessionHost.StartAsync(useSession: true);

        using var response = await host.RunAsync(session =>
        {
            Assert.False(session.IsAvailable);
            Assert.Equal("", session.Id);
            Assert.Empty(session.Keys);
            Assert.Null(session.GetString("name"));
            var refused = Assert.Throws<InvalidOperationException>(() => session.SetString("name", "Ada"));
            Assert.Contains("RequireStickySession", refused.Message, StringComparison.Ordinal);
            Assert.Throws<InvalidOperationException>(() => session.State<Basket>());
        }, "/not-sticky");

        Assert.False(response.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task Requests_OfOneSession_SeeOneAnothersChanges()
    {
        await using var host = await SessionHost.StartAsync(useSession: false);
        await host.RunAsync(session => session.SetString("name", "Ada"));
        var (running, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var slow = host.RunAsync(async context =>
        {
            running.SetResult();
            await go.Task;
            Assert.Equal("Grace", context.Session.GetString("name"));
        });
        await running.Task;

        await host.RunAsync(session => session.SetString("name", "Grace"));
        go.SetResult();

        using var response = await slow;
        Assert.True(response.IsSuccessStatusCode);
    }
}
