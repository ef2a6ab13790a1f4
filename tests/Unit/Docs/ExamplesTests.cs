using System.Text.RegularExpressions;

namespace StickySessions.Tests.Unit.Docs;

/// <summary>The code of a document is compiled: it stands, line by line, in a source file of these tests.</summary>
public sealed partial class ExamplesTests
{
    [Theory]
    [InlineData("docs/policies.md", "tests/Unit/Docs/PoliciesExample.cs")]
    [InlineData("docs/presets.md", "tests/Integration/Docs/PresetsExamples.cs")]
    public void Document_HasOnlyCodeThatIsCompiled(string document, string source)
    {
        var compiled = Unindented(RepositoryFile.Read(source));
        var examples = Example().Matches(RepositoryFile.Read(document)).Select(match => Unindented(match.Groups["code"].Value)).ToArray();

        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.Contains(example, compiled, StringComparison.Ordinal));
    }

    private static string Unindented(string code) => string.Join('\n', code.Split('\n').Select(line => line.Trim())).Trim('\n') + '\n';

    [GeneratedRegex(@"^```csharp\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Example();
}
