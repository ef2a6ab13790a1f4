using System.Buffers;
using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace StickySessions.Policies;

/// <summary>
/// Which policies there are: the default one, those that code has added, and those with a configuration section as the node started.
/// Endpoints name them, so there are no others later. Names of different case are one, as configuration keys are.
/// </summary>
internal sealed class PolicyNames
{
    private const string Default = "StickySessions:Policy";
    private const string Named = "StickySessions:Policies";
    private const int MaxLength = 64;

    private static readonly SearchValues<char> Characters =
        SearchValues.Create("-_.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private readonly IConfiguration? _configuration;
    private readonly ImmutableHashSet<string> _inCode;
    private readonly ImmutableArray<string> _named;

    public PolicyNames(IEnumerable<NamedPolicy> inCode, IConfiguration? configuration = null)
    {
        _configuration = configuration;
        _inCode = inCode.Select(policy => policy.Name).ToImmutableHashSet(StringComparer.OrdinalIgnoreCase);
        _named = [.. _inCode.Union(InConfiguration())];
        All = [StickyPolicy.DefaultName, .. _named.Where(name => Problem(name) is null).Order(StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>The names that are none are left out.</summary>
    public ImmutableArray<string> All { get; }

    public IEnumerable<string> Problems() => _named.Select(Problem).OfType<string>();

    /// <summary>Those that have a configuration section now, and had none as the node started.</summary>
    public IEnumerable<string> AddedSince() => InConfiguration().Except(_named, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a policy was but a configuration section, and that is there no more.</summary>
    public bool IsRemoved(string name)
        => name != StickyPolicy.DefaultName && !_inCode.Contains(name) && !InConfiguration().Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>What the options system calls a policy's options.</summary>
    public static string OptionsName(string policy) => policy == StickyPolicy.DefaultName ? Options.DefaultName : policy;

    /// <summary>The configuration section of a policy's options.</summary>
    /// <param name="optionsName">What the options system calls them.</param>
    public static string Section(string? optionsName) => string.IsNullOrEmpty(optionsName) ? Default : $"{Named}:{optionsName}";

    private static string? Problem(string name)
    {
        if (name.Equals(StickyPolicy.DefaultName, StringComparison.OrdinalIgnoreCase))
        {
            return $"{Named}:{name} names the default policy: configure it with ConfigurePolicy or in {Default}.";
        }

        return name.Length is 0 or > MaxLength || name.AsSpan().ContainsAnyExcept(Characters)
            ? $"{Named}:{name} is no name of a policy: use 1 to {MaxLength} of letters, digits, -, _ and \".\"."
            : null;
    }

    private IEnumerable<string> InConfiguration() => _configuration?.GetSection(Named).GetChildren().Select(section => section.Key) ?? [];
}
