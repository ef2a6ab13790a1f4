using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens;

public sealed class StickyKeyOptionsValidatorTests
{
    private const string Good = "a secret of thirty-two characters";
    private const string Short = "hunter2-hunter2";

    [Fact]
    public void Validate_WithoutASecret_Succeeds() => Assert.True(Validate(null).Succeeded);

    [Fact]
    public void Validate_WithLongSecrets_Succeeds() => Assert.True(Validate(Good, Good + "2").Succeeded);

    [Fact]
    public void Validate_WithShortSecrets_NamesEachAndPrintsNone()
    {
        var result = Validate(Short, Good, Short);

        Assert.Collection(
            result.Failures!,
            failure => Assert.StartsWith("StickySessions:Keys:Secret has 15 characters", failure, StringComparison.Ordinal),
            failure => Assert.StartsWith("StickySessions:Keys:AcceptedSecrets:1 has 15 characters", failure, StringComparison.Ordinal));
        Assert.All(result.Failures!, failure => Assert.DoesNotContain("hunter2", failure, StringComparison.Ordinal));
    }

    [Fact]
    public void Validate_WithAcceptedSecretsAlone_AsksForTheSecretThatSigns()
        => Assert.Contains("StickySessions:Keys:Secret is not", Assert.Single(Validate(null, Good).Failures!), StringComparison.Ordinal);

    private static Microsoft.Extensions.Options.ValidateOptionsResult Validate(string? secret, params string[] accepted)
    {
        var options = new StickyKeyOptions { Secret = secret };
        foreach (var each in accepted)
        {
            options.AcceptedSecrets.Add(each);
        }

        return new StickyKeyOptionsValidator().Validate(null, options);
    }
}
