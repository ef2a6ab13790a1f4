using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using StickySessions.Diagnostics;
using StickySessions.Ownership;

namespace StickySessions.State;

/// <summary>The memory that the application itself owns, as part of its sessions' state. Safe for concurrent use.</summary>
internal sealed partial class ApplicationMemories
{
    /// <summary>Begins the keys of such memory; no other key of a session begins so.</summary>
    private const string Mark = "\0\0";

    private readonly ISessionMemoryHandler[] _handlers;
    private readonly SessionStates _states;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<HeldSession, Lazy<Task>> _imports = new();

    public ApplicationMemories(IEnumerable<ISessionMemoryHandler> handlers, SessionStates states, HeldSessions held, ILogger<ApplicationMemories> logger)
    {
        (_handlers, _states, _logger) = ([.. handlers], states, logger);
        Check(_handlers);
        if (_handlers.Length > 0)
        {
            held.Removed += Forget;
        }
    }

    public bool Any => _handlers.Length > 0;

    /// <summary>Whether the session came with memory of the application, or may have, that must be back before a request runs in it.</summary>
    public bool MustImport(HeldSession session) => Any && session.Memory is StoredMemory;

    /// <summary>Of concurrent requests all wait for one import.</summary>
    public async Task ImportAsync(HeldSession session)
    {
        var import = _imports.GetOrAdd(session, static (one, self) => new Lazy<Task>(() => self.ImportOnceAsync(one)), this);
        try
        {
            await import.Value;
        }
        finally
        {
            _imports.TryRemove(KeyValuePair.Create(session, import));
        }
    }

    /// <summary>Puts it into the session's state, as it is now.</summary>
    public async Task ExportAsync(HeldSession session, CancellationToken cancellationToken)
    {
        var id = session.Id.ToString();
        foreach (var handler in _handlers)
        {
            try
            {
                if (await handler.ExportAsync(id, cancellationToken) is { } memory)
                {
                    _states.Of(session).Set(Mark + handler.Name, memory);
                }
                else if (session.Memory is not null)
                {
                    _states.Of(session).Remove(Mark + handler.Name);
                }
            }
            catch (Exception failure)
            {
                NotExported(_logger, handler.Name, id, failure);
                if (session.Memory is not null)
                {
                    // Rather none than what it was some time ago.
                    _states.Of(session).Remove(Mark + handler.Name);
                }
            }
        }
    }

    private async Task ImportOnceAsync(HeldSession session)
    {
        if (session.Memory is not StoredMemory stored)
        {
            return;
        }

        // Not before it is imported does the session's memory become what requests see.
        var entries = _states.EntriesOf(session, stored);
        foreach (var handler in _handlers)
        {
            if (entries.Find(Mark + handler.Name) is { } entry)
            {
                try
                {
                    await handler.ImportAsync(session.Id.ToString(), entry.Value, CancellationToken.None);
                }
                catch (Exception failure)
                {
                    NotImported(_logger, handler.Name, session.Id.ToString(), failure);
                }
            }
        }

        _states.Of(session);
    }

    private void Forget(HeldSession session)
    {
        foreach (var handler in _handlers)
        {
            try
            {
                handler.Forget(session.Id.ToString());
            }
            catch (Exception failure)
            {
                NotForgotten(_logger, handler.Name, session.Id.ToString(), failure);
            }
        }
    }

    private static void Check(ISessionMemoryHandler[] handlers)
    {
        foreach (var handler in handlers)
        {
            if (handler.Name is not { Length: >= 1 and <= 64 })
            {
                throw new InvalidOperationException($"The Name of {handler.GetType()} is \"{handler.Name}\": choose 1 to 64 characters.");
            }

            if (handlers.Count(other => other.Name == handler.Name) > 1)
            {
                throw new InvalidOperationException($"Two implementations of ISessionMemoryHandler have the Name \"{handler.Name}\": choose one for each.");
            }
        }
    }

    [LoggerMessage(StickyEventIds.State + 50, LogLevel.Error, "The memory \"{Name}\" of session {Session} could not be exported; the session moves without it.")]
    private static partial void NotExported(ILogger logger, string name, string session, Exception exception);

    [LoggerMessage(StickyEventIds.State + 51, LogLevel.Error, "The memory \"{Name}\" of session {Session} could not be imported; the session goes on without it.")]
    private static partial void NotImported(ILogger logger, string name, string session, Exception exception);

    [LoggerMessage(StickyEventIds.State + 52, LogLevel.Error, "The memory \"{Name}\" of session {Session}, which is gone from this node, could not be forgotten.")]
    private static partial void NotForgotten(ILogger logger, string name, string session, Exception exception);
}
