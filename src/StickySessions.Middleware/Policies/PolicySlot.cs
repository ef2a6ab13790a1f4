namespace StickySessions.Policies;

/// <summary>The place of one policy, which exists as long as the node does; the policy in it is replaced when its configuration changes.</summary>
internal sealed class PolicySlot
{
    private volatile StickyPolicy _current;
    private volatile PolicySettings _settings;

    public PolicySlot(PolicySettings settings)
    {
        Started = _settings = settings;
        _current = new StickyPolicy(settings.Name, settings.Options);
    }

    public string Name => Started.Name;

    public StickyPolicy Current => _current;

    /// <summary>What the policy is made of now.</summary>
    public PolicySettings Settings => _settings;

    /// <summary>What it was made of as the node started.</summary>
    public PolicySettings Started { get; }

    public void Use(PolicySettings settings)
    {
        _settings = settings;
        _current = new StickyPolicy(Name, settings.Options);
    }
}
