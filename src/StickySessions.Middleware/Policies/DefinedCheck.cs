using Microsoft.Extensions.Options;

namespace StickySessions.Policies;

/// <summary>Configuration takes any number for an enumeration.</summary>
internal static class DefinedCheck
{
    public static void CheckDefined<T>(this ValidateOptionsResultBuilder errors, string key, T value)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            errors.AddError($"{key} is {value}: choose one of {string.Join(", ", Enum.GetNames<T>())}.");
        }
    }
}
