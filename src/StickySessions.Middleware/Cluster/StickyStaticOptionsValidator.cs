using Microsoft.Extensions.Options;

namespace StickySessions.Cluster;

/// <summary>Says everything that is wrong at once: the value, its configuration key, and the remedy.</summary>
internal sealed class StickyStaticOptionsValidator : IValidateOptions<StickyStaticOptions>
{
    private const string Section = "StickySessions:Static";

    public ValidateOptionsResult Validate(string? name, StickyStaticOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        var owners = new Dictionary<Uri, string>();
        foreach (var (node, text) in options.Nodes)
        {
            if (!StickyNodeOptionsValidator.IsNodeName(node))
            {
                errors.AddError($"{Section}:Nodes has the name '{node}'. Use 1 to 64 of letters, digits, '-', '_' and '.'.");
            }

            if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || !StickyNodeOptionsValidator.IsHttpAddress(address))
            {
                errors.AddError($"{Section}:Nodes:{node} is '{text}'. Use the address of its interconnect, like http://10.0.0.5:6001.");
            }
            else if (!owners.TryAdd(address, node))
            {
                errors.AddError($"{Section}:Nodes:{node} is '{text}', the address of {owners[address]} too. Give each node an address of its own.");
            }
        }

        if (options.ProbeInterval < TimeSpan.FromMilliseconds(100) || options.ProbeInterval > TimeSpan.FromMinutes(1))
        {
            errors.AddError($"{Section}:ProbeInterval is {options.ProbeInterval}. Use 100 milliseconds to 1 minute.");
        }

        if (options.GoneAfter < 2 * options.ProbeInterval)
        {
            errors.AddError(
                $"{Section}:GoneAfter is {options.GoneAfter} with a ProbeInterval of {options.ProbeInterval}. Use at least two probe intervals.");
        }

        return errors.Build();
    }
}
