using Microsoft.Extensions.Options;

namespace StickySessions.Tokens;

/// <summary>Checks the secrets. Its messages say which one is wrong and never what it is.</summary>
internal sealed class StickyKeyOptionsValidator : IValidateOptions<StickyKeyOptions>
{
    private const int MinLength = 32;

    public ValidateOptionsResult Validate(string? name, StickyKeyOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        if (options.Secret is { } secret)
        {
            CheckLength(errors, "StickySessions:Keys:Secret", secret);
        }
        else if (options.AcceptedSecrets.Count > 0)
        {
            errors.AddError(
                "StickySessions:Keys:AcceptedSecrets is set but StickySessions:Keys:Secret is not. "
                + "Set the secret that signs too; accepted secrets only verify.");
        }

        for (var i = 0; i < options.AcceptedSecrets.Count; i++)
        {
            CheckLength(errors, $"StickySessions:Keys:AcceptedSecrets:{i}", options.AcceptedSecrets[i]);
        }

        return errors.Build();
    }

    private static void CheckLength(ValidateOptionsResultBuilder errors, string key, string? secret)
    {
        if (secret is not { Length: >= MinLength })
        {
            errors.AddError(
                $"{key} has {secret?.Length ?? 0} characters, but a secret needs at least {MinLength}. "
                + "Make one, for instance with \"openssl rand -base64 32\", and set it on all nodes.");
        }
    }
}
