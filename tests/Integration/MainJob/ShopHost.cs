namespace StickySessions.Tests.Integration.MainJob;

/// <summary>A way to host the nodes of a shop.</summary>
public abstract class ShopHost : IAsyncDisposable
{
    private Task<IShop>? _shared;

    /// <summary>The shop that all tests of the class share, which stop none of its nodes.</summary>
    public Task<IShop> SharedAsync() => _shared ??= StartSharedAsync();

    /// <summary>A shop of a test's own.</summary>
    public abstract Task<IShop> StartAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_shared is { IsCompletedSuccessfully: true } shared)
        {
            await (await shared).DisposeAsync();
        }
    }

    protected virtual Task<IShop> StartSharedAsync() => StartAsync();
}
