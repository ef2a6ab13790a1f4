using System.Globalization;
using System.Text;

namespace StickySessions.Diagnostics;

/// <summary>
/// What the client may read: an item of a structured field (RFC 9651 section 3.3), <c>forwarded; ingress=web-1; owner=web-2; epoch=1;
/// policy=default</c>.
/// </summary>
internal static class OutcomeHeader
{
    public const string Name = "Sticky-Outcome";

    public static string Format(in OutcomeFacts facts)
    {
        var text = new StringBuilder(facts.Outcome.ToTag(), capacity: 128);
        Append(text, "reason", facts.Reason);
        Append(text, "ingress", facts.Ingress);
        Append(text, "owner", facts.Owner);
        if (facts.Epoch > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"; epoch={facts.Epoch}");
        }

        Append(text, "policy", facts.Policy);
        return text.ToString();
    }

    /// <summary>A token if it can be one, else a string, of what a string may have.</summary>
    private static void Append(StringBuilder text, string parameter, string? value)
    {
        if (value is null)
        {
            return;
        }

        text.Append("; ").Append(parameter).Append('=');
        if (IsToken(value))
        {
            text.Append(value);
            return;
        }

        text.Append('"');
        foreach (var character in value.Where(character => character is >= ' ' and <= '~' and not '"' and not '\\'))
        {
            text.Append(character);
        }

        text.Append('"');
    }

    private static bool IsToken(string value)
        => value.Length > 0 && char.IsAsciiLetter(value[0]) && value.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.');
}
