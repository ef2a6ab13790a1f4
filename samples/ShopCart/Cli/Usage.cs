namespace ShopCart.Cli;

internal static class Usage
{
    private const int UsageError = 2;

    private const string Text = """
        ShopCart: a shop whose carts live in the memory of a node, and outlive it.

          dotnet run --project samples/ShopCart [-- command and options]

        The whole cluster on this machine (no command):
          --nodes N              node processes, 1 to 16 (3)
          --port P               port of the shop; 0 takes a free one (8080)
          --sticky on|off        with or without sticky sessions (on)
          --balancer METHOD      round-robin or source-ip (round-robin)
          --redis HOST:PORT      a Redis instead of the embedded store
          --tls                  the shop and the interconnect over TLS, with a certificate made at start
          --state MODE           durability of carts: none, async or before-response (before-response)

        node: one node alone, as a deployment would run it. Also by configuration (StickySessions:…) and environment.
          --name NAME            the node's name (the machine's name)
          --urls URLS            where it serves, for instance http://127.0.0.1:5001
          --interconnect URL     where it talks to other nodes, for instance http://127.0.0.1:6001
          --redis HOST:PORT      the Redis that holds the cluster together
          --peers NAME=URL,…     or, without Redis, the other nodes and their interconnects
          --sticky on|off        with or without sticky sessions (on)
          --state MODE           durability of carts: none, async or before-response (the last with Redis, else none)

        prove: many shoppers from one address, three ways to balance them, a node killed, all nodes restarted: one table.
          --shoppers N           how many (2000)
        """;

    public static int Show()
    {
        Console.WriteLine(Text);
        return 0;
    }

    public static int Refuse(InvalidCommand command)
    {
        Console.Error.WriteLine(command.Problem);
        Console.Error.WriteLine();
        Console.Error.WriteLine(Text);
        return UsageError;
    }
}
