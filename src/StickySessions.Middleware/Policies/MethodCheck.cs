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
        foreach (var problem in TokenSourceCheck.Problems([.. options.Sources], $"{section}:Sources"))
        {
            errors.AddError(problem);
        }

        CheckTransforms(errors, section, options);
        CheckInsertOnly(errors, section, options);
        CheckBody(errors, section, options);
        switch (options.Method)
        {
            case StickyMethod.Insert:
                CheckKinds(errors, section, options, Insertable, "it is this library's own token, which must be written there");
                CheckInsertedCookie(errors, section, options);
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

    private static void CheckTransforms(ValidateOptionsResultBuilder errors, string section, StickyPolicyOptions options)
    {
        if (options.Method is StickyMethod.Learn or StickyMethod.Hash)
        {
            return;
        }

        for (var i = 0; i < options.Sources.Count; i++)
        {
            var transform = options.Sources[i].Transform;
            if (transform is not { Pattern: null, Prefix: null, Offset: 0, Length: null, IgnoreCase: false })
            {
                errors.AddError(
                    $"{section}:Sources:{i}:Transform is set, but {section}:Method is {options.Method}, which reads and writes the token as it is: remove it, or choose Learn or Hash.");
            }
        }
    }

    private static void CheckInsertOnly(ValidateOptionsResultBuilder errors, string section, StickyPolicyOptions options)
    {
        if (options.Method == StickyMethod.Insert)
        {
            if (options.CrossSiteTwin && options.Sources.Count > 0)
            {
                errors.AddError($"{section}:CrossSiteTwin is true, but {section}:Sources says where the token is: the twin belongs to {section}:Cookie alone. Remove one of the two.");
            }

            return;
        }

        foreach (var (property, isSet) in new[] { (nameof(options.CrossSiteTwin), options.CrossSiteTwin), (nameof(options.PostOnly), options.PostOnly) })
        {
            if (isSet)
            {
                errors.AddError($"{section}:{property} is true, but {section}:Method is {options.Method}: it is for Insert only. Remove it.");
            }
        }
    }

    /// <summary>A further cookie is one that was written before, under a former name.</summary>
    private static void CheckInsertedCookie(ValidateOptionsResultBuilder errors, string section, StickyPolicyOptions options)
    {
        var cookies = options.Sources.Index().Where(source => source.Item.Kind == StickyTokenSourceKind.Cookie).ToArray();
        if (cookies.Length > 0 && cookies.All(source => source.Item.Name != options.Cookie.Name))
        {
            errors.AddError(
                $"{section}:Sources:{cookies[0].Index} is Cookie \"{cookies[0].Item.Name}\" and never matches, since Insert writes its token into {section}:Cookie:Name, now \"{options.Cookie.Name}\": make the two names the same.");
        }
    }

    private static void CheckBody(ValidateOptionsResultBuilder errors, string section, StickyPolicyOptions options)
    {
        if (options.LearnFromBody is not { } pattern)
        {
            return;
        }

        if (options.Method != StickyMethod.Learn)
        {
            errors.AddError($"{section}:LearnFromBody is \"{pattern}\", but {section}:Method is {options.Method}: only Learn looks at bodies. Remove it, or choose Learn.");
        }

        var found = new StickyTokenTransformOptions { Pattern = pattern };
        foreach (var problem in TokenTransformCheck.Problems(found, $"{section}:LearnFromBody"))
        {
            errors.AddError(problem.Replace(":LearnFromBody:Pattern", ":LearnFromBody", StringComparison.Ordinal));
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
