namespace StickySessions.Tokens;

/// <summary>A token of the application, found in a request.</summary>
/// <param name="Value">What identifies the session: the token after its source's transform.</param>
/// <param name="Source">Which source found it, as an index into the chain.</param>
/// <param name="Raw">The token as it stood in the request.</param>
internal readonly record struct SourcedToken(string Value, int Source, string Raw);
