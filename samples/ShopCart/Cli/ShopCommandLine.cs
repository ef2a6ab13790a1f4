namespace ShopCart.Cli;

/// <summary>From words to a command. A few options of three commands need no library.</summary>
internal static class ShopCommandLine
{
    private static readonly string[] States = ["none", "async", "before-response"];

    private static readonly string[] ClusterOptions = ["--nodes", "--port", "--sticky", "--balancer", "--redis", "--state"];

    private static readonly string[] NodeOptions =
        ["--name", "--urls", "--interconnect", "--redis", "--peers", "--state", "--sticky"];

    public static ShopCommand Parse(IReadOnlyList<string> args)
    {
        if (args.Any(argument => argument is "--help" or "-h" or "help"))
        {
            return new HelpCommand();
        }

        return (args.Count == 0 ? null : args[0]) switch
        {
            "node" => Parse(args.Skip(1), NodeOptions, [], Node),
            "prove" => Parse(args.Skip(1), ["--shoppers"], [], Prove),
            { } word when !word.StartsWith('-') => new InvalidCommand($"There is no command \"{word}\"."),
            _ => Parse(args, ClusterOptions, ["--tls"], Cluster),
        };
    }

    private static ShopCommand Parse(
        IEnumerable<string> args, string[] options, string[] flags, Func<OptionReader, ShopCommand> read)
    {
        var reader = new OptionReader(args, options, flags);
        var command = read(reader);
        return reader.Problem is { } problem ? new InvalidCommand(problem) : command;
    }

    private static ClusterCommand Cluster(OptionReader options) => new()
    {
        Nodes = options.Number("--nodes", 1, 16) ?? 3,
        Port = options.Number("--port", 0, 65535) ?? 8080,
        Sticky = options.Choice("--sticky", "on", "off") is not "off",
        Balancer = options.Choice("--balancer", "round-robin", "source-ip") is "source-ip"
            ? BalancingMethod.SourceIp
            : BalancingMethod.RoundRobin,
        Redis = options.Text("--redis"),
        Tls = options.Flag("--tls"),
        State = options.Choice("--state", States),
    };

    private static NodeCommand Node(OptionReader options) => new()
    {
        Name = options.Text("--name"),
        Urls = options.Text("--urls", "addresses such as http://127.0.0.1:5001", value => value.Split(';').All(IsBindable)),
        Interconnect = options.Text("--interconnect", "an address such as http://127.0.0.1:6001", IsBindable),
        Redis = options.Text("--redis"),
        Peers = options.Pairs("--peers", "web-2=http://127.0.0.1:6002", IsBindable),
        State = options.Choice("--state", States),
        Sticky = options.Choice("--sticky", "on", "off") switch { "on" => true, "off" => false, _ => null },
    };

    private static ProveCommand Prove(OptionReader options) => new(options.Number("--shoppers", 1, 100_000) ?? 2000);

    // Also http://*:0 and http://+:80, which are no URIs.
    private static bool IsBindable(string address)
    {
        try
        {
            return BindingAddress.Parse(address) is { Scheme: "http" or "https", Host.Length: > 0, PathBase: "" };
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
