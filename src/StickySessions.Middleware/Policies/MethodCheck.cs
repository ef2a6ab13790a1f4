using Microsoft.Extensions.Options;
using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>Finds methods and token sources that cannot work together.</summary>
internal static class MethodCheck
{
    private static readonly StickyTokenSourceKind[] Insertable = [StickyTokenSourceKind.Cookie, StickyTokenSourceKind.Header, StickyTokenSourceKind.Query];
    private static readonly StickyTokenSourceKind[] Rewritable = [StickyTokenSourceKind.Cookie, StickyTokenSourceKind.Header];

    /// <param name="errors">Takes what is wrong.</param>
    /// <param name="section">The policy's configuration section.</param>
    /// <param name="options">The policy.</param>
    public static void Check(ValidateOptionsResultBuilder errors, string section, StickyPolicyOptions options)
    {
        errors.CheckDefined($"{section}:Method", options.Method);
        errors.CheckDefined($"{section}:OnConflict", options.OnConflict);
        for (var i = 0; i < options.Sources.Count; i++)
        {
            errors.CheckDefined($"{section}:Sources:{i}:Kind", options.Sources[i].Kind);
        }

        switch (options.Method)
        {
            case StickyMethod.Insert:
                CheckKinds(errors, section, options, Insertable, "it is this library's own token, which must be written there");
                break;

            case StickyMethod.Rewrite or StickyMethod.Learn or StickyMethod.Hash when options.Sources.Count == 0:
                errors.AddError(
                    $"{section}:Sources is empty, but {section}:Method is {options.Method}, which needs the application's own token: say in {section}:Sources:0:Kind and :Name where it is.");
                break;

            case StickyMethod.Rewrite:
                CheckKinds(errors, section, options, Rewritable, "the response must carry the token");
                break;
        }
    }

    private static void CheckKinds(
        ValidateOptionsResultBuilder errors, string section, StickyPolicyOptions options, StickyTokenSourceKind[] possible, string why)
    {
        for (var i = 0; i < options.Sources.Count; i++)
        {
            if (Enum.IsDefined(options.Sources[i].Kind) && !possible.Contains(options.Sources[i].Kind))
            {
                errors.AddError(
                    $"{section}:Sources:{i}:Kind is {options.Sources[i].Kind}, but {section}:Method is {options.Method}, and {why}: choose one of {string.Join(", ", possible)}, or another method.");
            }
        }
    }
}
