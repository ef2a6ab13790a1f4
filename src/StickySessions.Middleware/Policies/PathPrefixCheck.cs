using System.Buffers;
using Microsoft.Extensions.Options;

namespace StickySessions.Policies;

/// <summary>Finds path prefixes that no path ever has.</summary>
internal static class PathPrefixCheck
{
    /// <summary>Of templates and of what is no part of a path, or is decoded in it.</summary>
    private static readonly SearchValues<char> NeverMeant = SearchValues.Create("?#*{}%");

    /// <param name="errors">Takes what is wrong.</param>
    /// <param name="section">The policy's configuration section.</param>
    /// <param name="prefixes">The policy's prefixes.</param>
    public static void Check(ValidateOptionsResultBuilder errors, string section, IList<string> prefixes)
    {
        for (var i = 0; i < prefixes.Count; i++)
        {
            if (!prefixes[i].StartsWith('/') || prefixes[i].EndsWith('/') || prefixes[i].AsSpan().ContainsAny(NeverMeant))
            {
                errors.AddError(
                    $"{section}:PathPrefixes:{i} is \"{prefixes[i]}\": a prefix begins with / and does not end with it, is not encoded and no template: use one like /chat, which stands for all paths below it too.");
            }
        }
    }
}
