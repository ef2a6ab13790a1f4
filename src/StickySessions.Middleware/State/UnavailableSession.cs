using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;

namespace StickySessions.State;

/// <summary>What an endpoint that is not sticky finds when the application calls <c>UseSession</c>.</summary>
internal sealed class UnavailableSession : ISession
{
    private UnavailableSession()
    {
    }

    public static UnavailableSession Instance { get; } = new();

    public bool IsAvailable => false;

    public string Id => string.Empty;

    public IEnumerable<string> Keys => [];

    private static InvalidOperationException NotSticky => new(
        "This request has no session, since its endpoint is not sticky, or UseSession comes before UseStickySessions: call UseStickySessions first, and RequireStickySession on the endpoint.");

    public Task LoadAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task CommitAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value)
    {
        value = null;
        return false;
    }

    public void Set(string key, byte[] value) => throw NotSticky;

    public void Remove(string key) => throw NotSticky;

    public void Clear() => throw NotSticky;
}
