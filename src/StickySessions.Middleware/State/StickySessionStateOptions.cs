using System.Text.Json.Serialization.Metadata;

namespace StickySessions.State;

/// <summary>
/// What the state of sessions may hold and how it is stored. Configuration section <c>StickySessions:State</c>; what the code sets wins.
/// Read once, at start.
/// </summary>
public sealed class StickySessionStateOptions
{
    /// <summary>How many keys and typed values one session may have, 1 to 10,000. Default: 256.</summary>
    public int MaxEntries { get; set; } = 256;

    /// <summary>How large one session's keys and values may be together, in bytes, 1 KB to 15 MB. Default: 1 MB.</summary>
    public int MaxBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// With <see cref="Policies.SessionDurability.Async"/>: how long a change waits for others before it is stored with them, 10 milliseconds to 1 minute. A
    /// crash loses at most what changed within this time and the time that the writing takes. Default: 1 second.
    /// </summary>
    public TimeSpan MaxLag { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a write whose outcome is unknown is repeated before the request is answered 503 <c>outcome-unknown</c>, 100 milliseconds to 1 minute.
    /// Default: 3 seconds.
    /// </summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// The version of what the application keeps in sessions, 0 or more: stored with every snapshot. A node does not read snapshots of a higher one, so that
    /// the old version of an application never misreads what the new one has written. Default: 0.
    /// </summary>
    public int SchemaVersion { get; set; }

    /// <summary>From how many bytes on a snapshot is compressed (Brotli, fastest); 0 means never. Default: 0.</summary>
    public int CompressFrom { get; set; }

    /// <summary>Whether snapshots are encrypted with Data Protection, whose keys all nodes must share then. Default: false.</summary>
    public bool Encrypt { get; set; }

    /// <summary>
    /// How often the memory of each <see cref="ISessionMemoryHandler"/> is exported and stored besides hand-offs, 1 second to 1 day; a crash loses what is newer.
    /// Only with a durability other than <see cref="Policies.SessionDurability.None"/>. Default: none, only at hand-offs.
    /// </summary>
    public TimeSpan? ExportInterval { get; set; }

    /// <summary>
    /// From how much more than its share by weight of all sessions on a node gives idle ones to nodes that have less, 1.01 to 100. A session in which a request runs,
    /// be it a WebSocket, is never moved, and neither is one of the method <see cref="Policies.StickyMethod.Hash"/>. Default: none, sessions stay where they are.
    /// </summary>
    public double? RebalanceAbove { get; set; }

    /// <summary>With <see cref="RebalanceAbove"/>: how many sessions a node gives away in a second at most, 1 to 10,000. Default: 100.</summary>
    public int RebalanceRate { get; set; } = 100;

    /// <summary>
    /// Whether a session that is still empty takes over what ASP.NET Core's session (<c>AddSession</c> and a distributed cache) has of the client, so that nobody is
    /// logged out when an application gets sticky sessions. Its cookie is removed afterwards; its entry in the cache expires there. Default: false.
    /// </summary>
    public bool ImportStockSession { get; set; }

    /// <summary>
    /// Whether a Blazor Server circuit whose session moves is paused in its browser and resumed where the session lives then, with what its components mark as
    /// <c>[PersistentState]</c>, so that the page need not load again. The state travels in the browser, encrypted with Data Protection, whose keys all nodes must
    /// share. Default: false, the browser loads the page again.
    /// </summary>
    public bool PauseCircuits { get; set; }

    internal Dictionary<Type, StateType> Types { get; } = [];

    /// <summary>Makes <c>context.Session.State&lt;T&gt;()</c> known to the application.</summary>
    /// <typeparam name="T">What is kept: a class of the application, new and empty at first.</typeparam>
    /// <param name="name">What it is stored as, the same in all versions of the application: 1 to 64 characters.</param>
    /// <param name="json">How it becomes JSON, from a source-generated context.</param>
    /// <exception cref="ArgumentException">The name is empty, too long or taken, or the type is known already.</exception>
    public void Add<T>(string name, JsonTypeInfo<T> json)
        where T : class, new()
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(json);
        if (name.Length > 64 || name[0] == StateEntries.TypedMark)
        {
            throw new ArgumentException($"The name has {name.Length} characters, or begins with U+0000: choose 1 to 64 others.", nameof(name));
        }

        if (Types.Values.Any(other => other.Name == name))
        {
            throw new ArgumentException($"The name \"{name}\" is taken by another type: choose one for each.", nameof(name));
        }

        if (!Types.TryAdd(typeof(T), new StateType<T>(name, json)))
        {
            throw new ArgumentException($"The type {typeof(T)} was added before: add each once.", nameof(T));
        }
    }
}
