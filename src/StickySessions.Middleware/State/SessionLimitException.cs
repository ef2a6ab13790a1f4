namespace StickySessions.State;

/// <summary>A session has no room for what was to be kept in it: see <see cref="StickySessionStateOptions.MaxEntries"/> and <see cref="StickySessionStateOptions.MaxBytes"/>. Nothing was changed.</summary>
/// <param name="message">The limit, what it would have become, and the remedy.</param>
public sealed class SessionLimitException(string message) : InvalidOperationException(message);
