namespace StickySessions.Tokens;

/// <summary>One place in which a policy looks for the token of a request.</summary>
public sealed class StickyTokenSourceOptions
{
    /// <summary>Where the token is. Default: <see cref="StickyTokenSourceKind.Cookie"/>.</summary>
    public StickyTokenSourceKind Kind { get; set; }

    /// <summary>
    /// The name of the cookie, header, parameter or route value, or the type of the claim. Needed by these, and by no other kind. Default: none.
    /// </summary>
    public string? Name { get; set; }

    /// <summary>What is made of what was found. Default: nothing.</summary>
    public StickyTokenTransformOptions Transform { get; } = new();

    /// <summary>How many bits of an IPv4 address count, 8 to 32. Default: 32.</summary>
    public int IPv4PrefixLength { get; set; } = 32;

    /// <summary>How many bits of an IPv6 address count, 16 to 128. Default: 64, which is one site.</summary>
    public int IPv6PrefixLength { get; set; } = 64;

    /// <summary>For <see cref="StickyTokenSourceKind.Claim"/>: which scheme authenticates. Default: none, which is the application's default scheme.</summary>
    public string? AuthenticationScheme { get; set; }

    /// <summary>For <see cref="StickyTokenSourceKind.Custom"/>: what reads the token. From code only. Default: none.</summary>
    public IStickyTokenSource? Custom { get; set; }
}
