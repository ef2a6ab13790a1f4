using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Forwarding;
using StickySessions.Policies;
using StickySessions.Redis;
using StickySessions.State;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Docs;

/// <summary>docs/options.md lists every option with its default, and nothing else.</summary>
public sealed partial class OptionsDocumentTests
{
    private static readonly (string Section, object Defaults)[] Sections =
    [
        ("Node", new StickyNodeOptions()),
        ("Interconnect", new StickyInterconnectOptions()),
        ("Redis", new StickyRedisOptions()),
        ("Static", new StickyStaticOptions()),
        ("Keys", new StickyKeyOptions()),
        ("Policy", new StickyPolicyOptions()),
        ("State", new StickySessionStateOptions()),
        ("Forwarding", new StickyForwardingOptions()),
        ("Diagnostics", new StickyDiagnosticsOptions()),
    ];

    [Fact]
    public void OptionsDocument_ListsEveryOptionWithItsDefault()
    {
        var written = Row().Matches(RepositoryFile.Read("docs/options.md"))
            .Select(row => (Key: row.Groups["key"].Value, Default: row.Groups["default"].Value))
            .Order();
        var actual = Sections.SelectMany(section => OptionsOf(section.Section, section.Defaults)).Order();

        Assert.Equal(actual, written);
    }

    private static IEnumerable<(string Key, string Default)> OptionsOf(string section, object defaults)
    {
        foreach (var property in defaults.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var value = property.GetValue(defaults);
            if (value is CookieBuilder cookie)
            {
                foreach (var option in OptionsOf($"{section}:{property.Name}", cookie).Where(option => !option.Key.EndsWith(":Extensions", StringComparison.Ordinal)))
                {
                    yield return option;
                }
            }
            else
            {
                yield return ($"{section}:{property.Name}", Text(property, value));
            }
        }
    }

    private static string Text(PropertyInfo property, object? value) => (property.Name, value) switch
    {
        (nameof(StickyNodeOptions.Name), string name) when name == Environment.MachineName => "the machine's name",
        (_, null) => "none",
        (_, bool flag) => flag ? "true" : "false",
        (_, TimeSpan span) when span == Timeout.InfiniteTimeSpan => "infinite",
        (_, TimeSpan span) => span.ToString("c", CultureInfo.InvariantCulture),
        (_, string text) => text,
        (_, IEnumerable) => "empty",
        (_, IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    [GeneratedRegex(@"^\| `(?<key>[A-Za-z:]+)` \| `?(?<default>[^|`]+?)`? \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
