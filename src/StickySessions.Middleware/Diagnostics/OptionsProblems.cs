using Microsoft.Extensions.Options;

namespace StickySessions.Diagnostics;

/// <summary>What is wrong with options, found by reading them.</summary>
internal static class OptionsProblems
{
    private const string Binder = "Microsoft.Extensions.Configuration.Binder";

    /// <returns>Nothing if they could be read.</returns>
    public static IEnumerable<string> Of(Action read)
    {
        try
        {
            read();
            return [];
        }
        catch (OptionsValidationException invalid)
        {
            return invalid.Failures;
        }
        catch (InvalidOperationException notConvertible) when (notConvertible.Source == Binder)
        {
            // It names the key and the value.
            return [$"{notConvertible.Message} Correct the value, or remove it for its default."];
        }
    }
}
