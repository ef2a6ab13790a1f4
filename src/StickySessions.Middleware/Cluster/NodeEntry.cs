using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>
/// A node as text, in Redis and between nodes: one digit for its state, then JSON. The digit stands apart so that a script can
/// change the state without parsing. Fields that a newer version adds are ignored.
/// </summary>
internal static class NodeEntry
{
    public static string Format(Node node) => (int)node.State + JsonSerializer.Serialize(
        new Fields(
            node.Name,
            node.Address.AbsoluteUri,
            node.HasInterconnect,
            node.PublicAddress?.AbsoluteUri,
            node.Weight,
            node.FormerTags.IsEmpty ? null : [.. node.FormerTags.Select(tag => tag.ToString())]),
        NodeEntryJson.Default.Fields);

    /// <summary>Needs no parsing, so it is right about entries that only a newer version can read.</summary>
    public static bool IsGone(ReadOnlySpan<byte> entry) => entry is [(byte)'0' + (byte)NodeState.Gone, ..];

    public static bool TryParse(NodeTag tag, string text, [NotNullWhen(true)] out Node? node)
    {
        node = null;
        if (text.Length < 2 || !Enum.IsDefined((NodeState)(text[0] - '0')) || ParseFields(text) is not { } fields)
        {
            return false;
        }

        if (!Uri.TryCreate(fields.Address, UriKind.Absolute, out var address) || string.IsNullOrEmpty(fields.Name))
        {
            return false;
        }

        node = new Node
        {
            Tag = tag,
            Name = fields.Name,
            State = (NodeState)(text[0] - '0'),
            Address = address,
            HasInterconnect = fields.Interconnect,
            PublicAddress = Uri.TryCreate(fields.PublicAddress, UriKind.Absolute, out var publicAddress) ? publicAddress : null,
            Weight = fields.Weight,
            FormerTags = [.. ParseTags(fields.Former)],
        };
        return true;
    }

    private static Fields? ParseFields(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text.AsSpan(1), NodeEntryJson.Default.Fields);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<NodeTag> ParseTags(IEnumerable<string>? texts)
    {
        foreach (var text in texts ?? [])
        {
            if (NodeTag.TryParse(text, out var tag))
            {
                yield return tag;
            }
        }
    }

    internal sealed record Fields(
        string? Name, string? Address, bool Interconnect, string? PublicAddress, int Weight, IReadOnlyList<string>? Former);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeEntry.Fields))]
internal sealed partial class NodeEntryJson : JsonSerializerContext;
