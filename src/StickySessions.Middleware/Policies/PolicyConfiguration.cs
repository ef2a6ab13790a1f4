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
            Bind(section, name, options);
        }
    }

    private static void Bind(IConfigurationSection section, string? name, StickyPolicyOptions options)
    {
        // The binder leaves out, without a word, what it cannot bind of a list.
        StickyTokenSourceOptions[] before = [.. options.Sources];
        RequireList(section.GetSection(nameof(options.PathPrefixes)), name);
        RequireList(section.GetSection(nameof(options.Sources)), name);
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

    private static void RequireList(IConfigurationSection section, string? name)
    {
        if (!string.IsNullOrEmpty(section.Value))
        {
            throw new OptionsValidationException(
                name ?? Options.DefaultName, typeof(StickyPolicyOptions), [$"{section.Path} is \"{section.Value}\", but must be a list: use {section.Path}:0."]);
        }
    }
}
