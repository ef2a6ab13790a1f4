namespace StickySessions.Tokens;

/// <summary>
/// The secret that all nodes share: it signs session tokens and what nodes say to each other. Configuration section
/// <c>StickySessions:Keys</c>.
/// </summary>
public sealed class StickyKeyOptions
{
    /// <summary>
    /// The secret that signs, at least 32 characters, the same on all nodes. Default: null. Then a cluster in Redis makes one and
    /// keeps it there, a node alone makes one for its own lifetime, and a static cluster does not start.
    /// </summary>
    public string? Secret { get; set; }

    /// <summary>
    /// Secrets whose signatures are accepted too. To change the secret without losing a session: first add the new one here on all
    /// nodes, then make it <see cref="Secret"/> and move the old one here, later remove the old one. Needs a
    /// <see cref="Secret"/>. Default: empty.
    /// </summary>
    public IList<string> AcceptedSecrets { get; } = [];
}
