using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>Reads each policy's options from its configuration section; a name that nobody has added has one too.</summary>
internal sealed class PolicyConfiguration(IConfiguration? configuration = null) : IConfigureNamedOptions<StickyPolicyOptions>
{
    public void Configure(StickyPolicyOptions options) => Configure(Options.DefaultName, options);

    public void Configure(string? name, StickyPolicyOptions options)
    {
        if (!string.IsNullOrEmpty(name))
        {
            // Policies cannot read each other's tokens, so each has a cookie of its own.
            options.Cookie.Name += $".{name}";
        }

        if (configuration?.GetSection(PolicyNames.Section(name)) is { } section)
        {
            Bind(section, options);
        }
    }

    private static void Bind(IConfigurationSection section, StickyPolicyOptions options)
    {
        if (section["Preset"] is { } preset)
        {
            var isKnown = Enum.TryParse<StickyPreset>(preset, ignoreCase: true, out var known) && Enum.IsDefined(known);
            Require(isKnown, $"{section.Path}:Preset is \"{preset}\": choose one of {string.Join(", ", Enum.GetNames<StickyPreset>())}.");
            options.Apply(known);
        }

        // The binder leaves out, without a word, what it cannot bind of a list.
        StickyTokenSourceOptions[] before = [.. options.Sources];
        RequireList(section.GetSection(nameof(options.PathPrefixes)));
        RequireList(section.GetSection(nameof(options.Sources)));
        RequireList(section.GetSection(nameof(options.EndWithCookies)));
        Require(section["Cookie:Name"] != "", $"{section.Path}:Cookie:Name is \"\", which is no cookie name: correct it, or remove it for its default.");
        section.Bind(options);
        options.Sources.Clear();
        foreach (var source in before.Concat(section.GetSection(nameof(options.Sources)).GetChildren().Select(Read)))
        {
            options.Sources.Add(source);
        }
    }

    private static StickyTokenSourceOptions Read(IConfigurationSection section)
    {
        var source = new StickyTokenSourceOptions();
        section.Bind(source);
        return source;
    }

    private static void RequireList(IConfigurationSection section)
        => Require(string.IsNullOrEmpty(section.Value), $"{section.Path} is \"{section.Value}\", but must be a list: use {section.Path}:0.");

    /// <summary>For what the binder ignores, or trips over without naming the key.</summary>
    private static void Require(bool isFulfilled, string problem)
    {
        if (!isFulfilled)
        {
            throw new OptionsValidationException(nameof(StickyPolicyOptions), typeof(StickyPolicyOptions), [problem]);
        }
    }
}
