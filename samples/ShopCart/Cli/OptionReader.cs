using System.Globalization;

namespace ShopCart.Cli;

/// <summary>
/// The options of one command: <c>--name value</c>, <c>--name=value</c> and <c>--flag</c>. Keeps the first problem it meets, so that
/// commands can be read without a check after each option.
/// </summary>
internal sealed class OptionReader
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public OptionReader(IEnumerable<string> args, string[] options, string[] flags)
    {
        using var words = args.GetEnumerator();
        while (Problem is null && words.MoveNext())
        {
            var (name, value) = Split(words.Current);
            if (flags.Contains(name) && value is null)
            {
                Keep(name, "");
            }
            else if (!options.Contains(name))
            {
                Problem = $"There is no option \"{words.Current}\" here.";
            }
            else if (value is null && !words.MoveNext())
            {
                Problem = $"{name} needs a value.";
            }
            else
            {
                Keep(name, value ?? words.Current);
            }
        }
    }

    public string? Problem { get; private set; }

    public bool Flag(string name) => _values.ContainsKey(name);

    public string? Text(string name) => Text(name, "a value", value => !value.StartsWith("--", StringComparison.Ordinal));

    public string? Text(string name, string expected, Func<string, bool> isValid)
    {
        var value = _values.GetValueOrDefault(name);
        if (value is not null && (string.IsNullOrWhiteSpace(value) || !isValid(value)))
        {
            Refuse(name, value, expected);
        }

        return value;
    }

    public string? Choice(string name, params string[] choices)
        => Text(name, string.Join(" or ", choices), value => choices.Contains(value));

    public int? Number(string name, int least, int most)
    {
        if (!_values.TryGetValue(name, out var text))
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        Refuse(name, text, $"a whole number from {least} to {most}");
        return null;
    }

    public Dictionary<string, string> Pairs(string name, string example, Func<string, bool> isValid)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in (_values.GetValueOrDefault(name) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (entry.Split('=', 2, StringSplitOptions.TrimEntries) is not [{ Length: > 0 } key, var value] || !isValid(value))
            {
                Refuse(name, entry, $"entries such as {example}, separated by commas");
            }
            else if (!pairs.TryAdd(key, value))
            {
                Problem ??= $"{name} names \"{key}\" twice.";
            }
        }

        return pairs;
    }

    private static (string Name, string? Value) Split(string word)
        => word.Split('=', 2) is [var name, var value] && word.StartsWith("--", StringComparison.Ordinal) ? (name, value) : (word, null);

    private void Keep(string name, string value)
    {
        if (!_values.TryAdd(name, value))
        {
            Problem = $"{name} was given twice.";
        }
    }

    private void Refuse(string name, string value, string expected)
        => Problem ??= $"{name} \"{value}\" cannot be used: it must be {expected}.";
}
