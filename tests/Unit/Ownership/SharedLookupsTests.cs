using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class SharedLookupsTests
{
    private readonly TaskCompletionSource<string> _found = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _looks;

    [Fact]
    public async Task Lookups_OfOneSession_ShareOneLook()
    {
        var lookups = new SharedLookups<string>();
        var session = SessionId.New();

        var all = Enumerable.Range(0, 20).Select(_ => lookups.TryFindAsync(session, LookAsync)!).ToArray();
        _found.SetResult("there");

        Assert.All(await Task.WhenAll(all), found => Assert.Equal("there", found));
        Assert.Equal(1, _looks);
    }

    [Fact]
    public async Task Lookup_AfterTheFormerOneIsOver_LooksAgain()
    {
        var lookups = new SharedLookups<string>();
        var session = SessionId.New();
        _found.SetResult("there");

        await lookups.TryFindAsync(session, LookAsync)!;
        await lookups.TryFindAsync(session, LookAsync)!;

        Assert.Equal(2, _looks);
    }

    [Fact]
    public async Task Lookups_OfTooManySessions_AreRefusedUntilOneIsOver()
    {
        var lookups = new SharedLookups<string>(atOnce: 2);
        var first = SessionId.New();
        Task<string>[] running = [lookups.TryFindAsync(first, LookAsync)!, lookups.TryFindAsync(SessionId.New(), LookAsync)!];

        Assert.Null(lookups.TryFindAsync(SessionId.New(), LookAsync));
        Assert.NotNull(lookups.TryFindAsync(first, LookAsync));

        _found.SetResult("there");
        await Task.WhenAll(running);
        Assert.NotNull(lookups.TryFindAsync(SessionId.New(), LookAsync));
    }

    [Fact]
    public async Task LookupThatFails_LeavesItsPlace()
    {
        var lookups = new SharedLookups<string>(atOnce: 1);
        var session = SessionId.New();
        _found.SetException(new DirectoryUnavailableException("away"));

        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => lookups.TryFindAsync(session, LookAsync)!);
        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => lookups.TryFindAsync(session, LookAsync)!);

        Assert.Equal(2, _looks);
    }

    private Task<string> LookAsync()
    {
        _looks++;
        return _found.Task;
    }
}
