using System.Text;
using System.Text.Json.Serialization;
using StickySessions.State;

namespace StickySessions.Tests.Unit.State;

/// <summary>A typed value.</summary>
internal sealed class Note
{
    public static StateType<Note> Type { get; } = new("note", NoteJson.Default.Note);

    public List<string> Lines { get; init; } = [];
}

[JsonSerializable(typeof(Note))]
internal sealed partial class NoteJson : JsonSerializerContext;

/// <summary>Session values as text.</summary>
internal static class Text
{
    public static byte[] Of(string text) => Encoding.UTF8.GetBytes(text);

    public static string? Get(this LiveState state, string key) => state.Entries.Get(key);

    public static string? Get(this StateEntries entries, string key) => entries.Find(key) is { } found ? Encoding.UTF8.GetString(found.Value) : null;

    public static void Set(this LiveState state, string key, string value) => state.Set(key, Of(value));

    public static StateEntries Entries(params IEnumerable<(string Key, string Value)> pairs)
        => pairs.Aggregate(StateEntries.Empty, (entries, pair) => entries.With(new StateEntry(pair.Key, Of(pair.Value))));
}
