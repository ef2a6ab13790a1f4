using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace StickySessions.State;

/// <summary>A class of the application that sessions may hold.</summary>
internal abstract class StateType(string name)
{
    public string Name => name;

    /// <summary>Among the keys of a session; no key of <c>ISession</c> begins so.</summary>
    public string Key { get; } = StateEntries.TypedMark + name;
}

internal sealed class StateType<T>(string name, JsonTypeInfo<T> json) : StateType(name)
    where T : class, new()
{
    /// <exception cref="JsonException">They are no such value.</exception>
    public T Read(byte[]? bytes) => bytes is null ? new T() : JsonSerializer.Deserialize(bytes, json) ?? new T();

    public byte[] Write(T value) => JsonSerializer.SerializeToUtf8Bytes(value, json);
}
