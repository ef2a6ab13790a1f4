using System.Collections;

namespace StickySessions.Diagnostics;

/// <summary>The scope of logs: names and values for providers that keep them, and a line of text for those that do not.</summary>
internal sealed class OutcomeScope : IReadOnlyList<KeyValuePair<string, object?>>
{
    private readonly List<KeyValuePair<string, object?>> _values = new(capacity: 6);

    public OutcomeScope(in OutcomeFacts facts)
    {
        Add("StickyOutcome", facts.Outcome.ToTag());
        Add("StickyReason", facts.Reason);
        Add("StickySession", facts.Session);
        Add("StickyOwner", facts.Owner);
        Add("StickyIngress", facts.Ingress);
        Add("StickyPolicy", facts.Policy);
    }

    public int Count => _values.Count;

    public KeyValuePair<string, object?> this[int index] => _values[index];

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => _values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => string.Join(' ', _values.Select(value => $"{value.Key}:{value.Value}"));

    private void Add(string name, string? value)
    {
        if (value is not null)
        {
            _values.Add(new(name, value));
        }
    }
}
