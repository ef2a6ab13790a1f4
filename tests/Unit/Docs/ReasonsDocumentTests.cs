using System.Reflection;
using System.Text.RegularExpressions;
using StickySessions.Diagnostics;

namespace StickySessions.Tests.Unit.Docs;

/// <summary>docs/forwarding.md lists every reason that an error can carry, and nothing else.</summary>
public sealed partial class ReasonsDocumentTests
{
    [Fact]
    public void ForwardingDocument_ListsEveryReason()
    {
        var written = Row().Matches(RepositoryFile.Read("docs/forwarding.md")).Select(row => row.Groups["reason"].Value).Order();
        var actual = typeof(StickyReasons).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (string)field.GetRawConstantValue()!).Order();

        Assert.Equal(actual, written);
    }

    [GeneratedRegex(@"^\| `(?<reason>[a-z-]+)` \| [45]\d\d \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
