using System.Text.RegularExpressions;
using StickySessions.Diagnostics;

namespace StickySessions.Tests.Unit.Docs;

/// <summary>docs/outcomes.md lists every outcome of a request, and nothing else.</summary>
public sealed partial class OutcomesDocumentTests
{
    [Fact]
    public void OutcomesDocument_ListsEveryOutcome()
    {
        var document = RepositoryFile.Read("docs/outcomes.md");
        var table = document[document.IndexOf("## Outcomes", StringComparison.Ordinal)..document.IndexOf("## How to read it", StringComparison.Ordinal)];

        var written = Row().Matches(table).Select(row => row.Groups["outcome"].Value).Order();

        Assert.Equal(Enum.GetValues<RequestOutcome>().Select(outcome => outcome.ToTag()).Order(), written);
    }

    [GeneratedRegex(@"^\| `(?<outcome>[a-z-]+)` \|[^|]+\|[^|]+\|[^|]+\|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
