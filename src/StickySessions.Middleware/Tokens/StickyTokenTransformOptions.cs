namespace StickySessions.Tokens;

/// <summary>
/// What is made of a token that a source has found, in the order of these members. A token that a step does not fit counts as not found.
/// </summary>
public sealed class StickyTokenTransformOptions
{
    /// <summary>
    /// A regular expression whose group named <c>token</c>, or else first group, or else whole match is the token. It runs on the non-backtracking
    /// engine, so lookarounds and backreferences are refused. Default: none.
    /// </summary>
    public string? Pattern { get; set; }

    /// <summary>A text that the token must begin with and that is cut off. Default: none.</summary>
    public string? Prefix { get; set; }

    /// <summary>How many characters are skipped, 0 to 4095. Default: 0.</summary>
    public int Offset { get; set; }

    /// <summary>How many characters are taken at most after these, 1 to 4096, both together at most 4096. Default: all.</summary>
    public int? Length { get; set; }

    /// <summary>Whether letters of either case are the same, in the steps above too; the token is then in upper case. Default: false.</summary>
    public bool IgnoreCase { get; set; }
}
