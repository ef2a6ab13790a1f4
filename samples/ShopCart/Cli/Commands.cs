namespace ShopCart.Cli;

/// <summary>What the person asked for on the command line.</summary>
internal abstract record ShopCommand;

/// <summary>The whole cluster on this machine.</summary>
internal sealed record ClusterCommand : ShopCommand
{
    public int Nodes { get; init; } = 3;

    /// <summary>The balancer's port; 0 takes a free one.</summary>
    public int Port { get; init; } = 8080;

    public bool Sticky { get; init; } = true;

    public BalancingMethod Balancer { get; init; } = BalancingMethod.RoundRobin;

    /// <summary>Null starts a store inside this process.</summary>
    public string? Redis { get; init; }

    public bool Tls { get; init; }

    /// <summary>Null when it was not asked for.</summary>
    public string? State { get; init; }
}

/// <summary>One node alone. What is null here may come from configuration or the environment.</summary>
internal sealed record NodeCommand : ShopCommand
{
    public string? Name { get; init; }

    public string? Urls { get; init; }

    public string? Interconnect { get; init; }

    public string? Redis { get; init; }

    public IReadOnlyDictionary<string, string> Peers { get; init; } = new Dictionary<string, string>();

    public string? State { get; init; }

    public bool? Sticky { get; init; }
}

/// <summary>The comparison.</summary>
internal sealed record ProveCommand(int Shoppers = 2000) : ShopCommand;

internal sealed record HelpCommand : ShopCommand;

/// <summary>A command line that cannot be obeyed, and why.</summary>
internal sealed record InvalidCommand(string Problem) : ShopCommand;

internal enum BalancingMethod
{
    /// <summary>Each connection goes to the next node.</summary>
    RoundRobin,

    /// <summary>All connections from one address go to one node.</summary>
    SourceIp,
}
