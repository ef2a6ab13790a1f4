using System.Collections.Frozen;
using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using StickySessions.Diagnostics;
using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>
/// The policies of this node. Which there are is settled at start; what they say follows the configuration while the application runs. A
/// change that is not valid leaves a policy as it is. Safe for concurrent use.
/// </summary>
internal sealed partial class PolicyStore : IDisposable
{
    private readonly PolicyNames _names;
    private readonly PolicyOptionsReader _reader;
    private readonly IOptionsMonitorCache<StickyPolicyOptions> _remembered;
    private readonly ILogger<PolicyStore> _logger;
    private readonly FrozenDictionary<string, PolicySlot> _byName;
    private readonly IDisposable?[] _subscriptions;

    private readonly Lock _reloading = new();
    private readonly HashSet<string> _said = new(StringComparer.Ordinal); // guarded by _reloading

    private volatile PathPrefixes _prefixes;
    private long _longestIdleTimeout;

    public PolicyStore(
        PolicyNames names,
        PolicyOptionsReader reader,
        IOptionsMonitor<StickyPolicyOptions> monitor,
        IOptionsMonitorCache<StickyPolicyOptions> remembered,
        ILogger<PolicyStore> logger,
        IConfiguration? configuration = null)
    {
        (_names, _reader, _remembered, _logger) = (names, reader, remembered, logger);
        All = [.. names.All.Select(name => new PolicySlot(reader.Read(name)))];
        Default = All[0];
        _byName = All.ToFrozenDictionary(slot => slot.Name, StringComparer.OrdinalIgnoreCase);
        Rewritten = [.. All
            .Select(slot => slot.Current)
            .Where(policy => policy.Method == StickyMethod.Rewrite)
            .SelectMany(policy => policy.Sources!.Sources)
            .DistinctBy(source => (source.Kind, source.Name))];
        _prefixes = new PathPrefixes(All);
        NoteIdleTimeouts();

        // The second is for options that an application binds to something else.
        _subscriptions =
        [
            configuration is null ? null : ChangeToken.OnChange(configuration.GetReloadToken, Reload),
            monitor.OnChange((_, _) => Reload()),
        ];
    }

    /// <summary>The default policy first.</summary>
    public ImmutableArray<PolicySlot> All { get; }

    public PolicySlot Default { get; }

    public PathPrefixes Prefixes => _prefixes;

    /// <summary>Where all policies that rewrite look for tokens. Neither changes while the node runs.</summary>
    public ImmutableArray<StickyTokenSourceOptions> Rewritten { get; }

    /// <summary>
    /// The longest that any session may live without a request. It never shrinks: sessions that began before a change keep theirs.
    /// </summary>
    public TimeSpan LongestIdleTimeout => new(Volatile.Read(ref _longestIdleTimeout));

    public PolicySlot? Find(string name) => _byName.GetValueOrDefault(name);

    public void Dispose()
    {
        foreach (var subscription in _subscriptions)
        {
            subscription?.Dispose();
        }
    }

    private void Reload()
    {
        lock (_reloading)
        {
            var said = new HashSet<string>(StringComparer.Ordinal);
            foreach (var name in _names.AddedSince())
            {
                Say(said, name, "(all)", () => NewNeedsRestart(_logger, name));
            }

            var changed = All.ToDictionary(slot => slot, slot => ReadAgain(slot, said) ?? slot.Settings);
            var problems = string.Join(' ', PolicySetCheck.Problems([.. All.Select(slot => changed[slot])]));
            if (problems.Length > 0)
            {
                Say(said, "(all)", problems, () => AllInvalid(_logger, problems));
            }
            else
            {
                Use(changed);
            }

            _said.Clear();
            _said.UnionWith(said);
        }
    }

    private PolicySettings? ReadAgain(PolicySlot slot, HashSet<string> said)
    {
        if (_names.IsRemoved(slot.Name))
        {
            Say(said, slot.Name, "(all)", () => RemovedNeedsRestart(_logger, slot.Name));
            return null;
        }

        PolicySettings? read = null;
        var problems = string.Join(' ', OptionsProblems.Of(() => read = _reader.Read(slot.Name)));
        if (read is not null && RestartOnly.Keep(slot.Started.Options, read.Options) is { Count: > 0 } kept)
        {
            var properties = string.Join(", ", kept);
            Say(said, slot.Name, properties, () => ChangeNeedsRestart(_logger, slot.Name, properties));

            // What is new may not fit what was kept.
            problems = string.Join(' ', _reader.Problems(read));
        }

        if (problems.Length > 0)
        {
            Say(said, slot.Name, problems, () => ChangeInvalid(_logger, slot.Name, problems));
            return null;
        }

        return read;
    }

    private void Use(Dictionary<PolicySlot, PolicySettings> changed)
    {
        foreach (var (slot, settings) in changed)
        {
            slot.Use(settings);

            // Whoever asks the options system is told what holds.
            var name = PolicyNames.OptionsName(slot.Name);
            _remembered.TryRemove(name);
            _remembered.TryAdd(name, settings.Options);
        }

        _prefixes = new PathPrefixes(All);
        NoteIdleTimeouts();
    }

    private void NoteIdleTimeouts()
        => Volatile.Write(ref _longestIdleTimeout, All.Max(slot => Math.Max(slot.Current.IdleTimeout.Ticks, _longestIdleTimeout)));

    /// <summary>Each change of a file anywhere in the configuration comes by here: what was said last time is not repeated.</summary>
    private void Say(HashSet<string> said, string policy, string what, Action log)
    {
        var line = $"{policy}\n{what}";
        if (said.Add(line) && !_said.Contains(line))
        {
            log();
        }
    }

    [LoggerMessage(StickyEventIds.Policies + 1, LogLevel.Warning,
        "The configuration of the policy \"{Policy}\" has changed in {Properties}, which needs a restart; until then the old value holds.")]
    private static partial void ChangeNeedsRestart(ILogger logger, string policy, string properties);

    [LoggerMessage(StickyEventIds.Policies + 2, LogLevel.Error,
        "The configuration of the policy \"{Policy}\" has changed and is not valid; the policy stays as it was. {Problems}")]
    private static partial void ChangeInvalid(ILogger logger, string policy, string problems);

    [LoggerMessage(StickyEventIds.Policies + 3, LogLevel.Error,
        "The configuration of policies has changed and they do not fit together; all stay as they were. {Problems}")]
    private static partial void AllInvalid(ILogger logger, string problems);

    [LoggerMessage(StickyEventIds.Policies + 4, LogLevel.Warning,
        "The policy \"{Policy}\" was added to the configuration, which needs a restart; until then it does not exist.")]
    private static partial void NewNeedsRestart(ILogger logger, string policy);

    [LoggerMessage(StickyEventIds.Policies + 5, LogLevel.Warning,
        "The policy \"{Policy}\" was removed from the configuration, which needs a restart; until then it stays as it was.")]
    private static partial void RemovedNeedsRestart(ILogger logger, string policy);
}
