namespace StickySessions.Ownership;

/// <summary>How this node came to own a session; what it writes is fenced by both. Immutable.</summary>
/// <param name="Epoch">At which epoch it owns the session.</param>
/// <param name="Nonce">
/// Tells two owners at one epoch apart, should Redis forget one of them. Zero for a session's first owner, of which there can be only
/// one if its token is signed, and in a cluster without a store.
/// </param>
internal sealed record SessionClaim(uint Epoch, ulong Nonce)
{
    public static SessionClaim First { get; } = new(1, 0);

    /// <summary>Whether a store has, or should have, a record of it.</summary>
    public bool HasRecord => Epoch > 1 || Nonce != 0;

    public static implicit operator SessionClaim(uint epochWithoutNonce)
        => epochWithoutNonce == 1 ? First : new(epochWithoutNonce, 0);
}
