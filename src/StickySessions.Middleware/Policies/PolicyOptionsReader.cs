using Microsoft.Extensions.Options;
using StickySessions.Diagnostics;

namespace StickySessions.Policies;

/// <summary>Reads the options of policies as they are configured now, past what the options system remembers.</summary>
internal sealed class PolicyOptionsReader(
    PolicyNames names,
    IOptionsFactory<StickyPolicyOptions> options,
    IEnumerable<IValidateOptions<StickyPolicyOptions>> validators,
    IServiceProvider services)
{
    /// <summary>What is wrong with the policies, each and among each other.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = names.Problems().ToList();
        var valid = new List<PolicySettings>();
        foreach (var name in names.All)
        {
            problems.AddRange(OptionsProblems.Of(() => valid.Add(Read(name))));
        }

        return [.. problems, .. PolicySetCheck.Problems(valid), .. ClaimSourceCheck.Problems(valid, services)];
    }

    /// <exception cref="OptionsValidationException">They are not valid.</exception>
    public PolicySettings Read(string policy) => new(policy, options.Create(PolicyNames.OptionsName(policy)));

    /// <summary>What is wrong with settings that were changed after they were read.</summary>
    public IEnumerable<string> Problems(PolicySettings changed)
        => validators.SelectMany(validator => validator.Validate(PolicyNames.OptionsName(changed.Name), changed.Options).Failures ?? []);
}

/// <summary>A policy's name and what it is made of.</summary>
internal sealed record PolicySettings(string Name, StickyPolicyOptions Options)
{
    public string Section => PolicyNames.Section(PolicyNames.OptionsName(Name));
}
