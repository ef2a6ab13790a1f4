using System.Collections.Concurrent;

namespace StickySessions.Tests.ClientApp.Blazor;

/// <summary>What somebody did on the pages.</summary>
internal sealed class Visit
{
    public int Count { get; set; }

    public List<string> Names { get; } = [];
}

/// <summary>All visits to this process, by the id that their page was given at prerender.</summary>
internal sealed class Visits
{
    private readonly ConcurrentDictionary<Guid, Visit> _visits = new();

    public Guid Begin()
    {
        var id = Guid.NewGuid();
        _visits[id] = new Visit();
        return id;
    }

    /// <exception cref="KeyNotFoundException">It began in another process.</exception>
    public Visit this[Guid id] => _visits[id];
}
