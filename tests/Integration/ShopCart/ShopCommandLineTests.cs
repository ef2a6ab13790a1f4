using ShopCart.Cli;

namespace StickySessions.Tests.Integration.ShopCart;

public class ShopCommandLineTests
{
    [Fact]
    public void Parse_Nothing_IsTheClusterWithItsDefaults()
        => Assert.Equal(
            new ClusterCommand { Nodes = 3, Port = 8080, Sticky = true, Balancer = BalancingMethod.RoundRobin },
            ShopCommandLine.Parse([]));

    [Fact]
    public void Parse_EveryClusterOption_IsTaken()
        => Assert.Equal(
            new ClusterCommand
            {
                Nodes = 5,
                Port = 9000,
                Sticky = false,
                Balancer = BalancingMethod.SourceIp,
                Redis = "localhost:6379",
                Tls = true,
                State = "async",
            },
            Parse("--nodes 5 --port=9000 --sticky off --balancer source-ip --redis localhost:6379 --tls --state async"));

    [Fact]
    public void Parse_EveryNodeOption_IsTaken()
    {
        var node = Assert.IsType<NodeCommand>(Parse(
            "node --name web-1 --urls http://127.0.0.1:5001;http://*:0 --interconnect http://127.0.0.1:6001 --redis r:1 "
            + "--peers web-2=http://127.0.0.1:6002,web-3=http://127.0.0.1:6003 --state none --sticky on"));

        Assert.Equal("web-1", node.Name);
        Assert.Equal("http://127.0.0.1:5001;http://*:0", node.Urls);
        Assert.Equal("http://127.0.0.1:6001", node.Interconnect);
        Assert.Equal("r:1", node.Redis);
        Assert.Equal("none", node.State);
        Assert.True(node.Sticky);
        Assert.Equal(["web-2", "web-3"], node.Peers.Keys.Order());
        Assert.Equal("http://127.0.0.1:6003", node.Peers["web-3"]);
    }

    [Theory]
    [InlineData("prove", 2000)]
    [InlineData("prove --shoppers 50", 50)]
    public void Parse_Prove_TakesShoppers(string line, int shoppers) => Assert.Equal(new ProveCommand(shoppers), Parse(line));

    [Theory]
    [InlineData("--help")]
    [InlineData("node -h")]
    public void Parse_Help_IsHelp(string line) => Assert.IsType<HelpCommand>(Parse(line));

    [Theory]
    [InlineData("run", "\"run\"")]
    [InlineData("--nodez 3", "\"--nodez\"")]
    [InlineData("node --nodes 3", "\"--nodes\"")]
    [InlineData("prove --tls", "\"--tls\"")]
    [InlineData("--tls=yes", "\"--tls=yes\"")]
    [InlineData("extra --port 1", "\"extra\"")]
    [InlineData("--port 1 extra", "\"extra\"")]
    [InlineData("--port", "--port needs a value")]
    [InlineData("--port http", "0 to 65535")]
    [InlineData("--port 65536", "0 to 65535")]
    [InlineData("--nodes 0", "1 to 16")]
    [InlineData("--nodes -1", "1 to 16")]
    [InlineData("--sticky maybe", "on or off")]
    [InlineData("--balancer random", "round-robin or source-ip")]
    [InlineData("--state always", "none or async or before-response")]
    [InlineData("--port 1 --port 2", "twice")]
    [InlineData("--redis --tls", "--redis")]
    [InlineData("node --urls foo", "\"foo\"")]
    [InlineData("node --urls ftp://127.0.0.1:1", "ftp")]
    [InlineData("node --interconnect 127.0.0.1:6001", "127.0.0.1:6001")]
    [InlineData("node --peers web-2", "web-2")]
    [InlineData("node --peers web-2=nowhere", "nowhere")]
    [InlineData("node --peers a=http://h:1,a=http://h:2", "twice")]
    public void Parse_WhatCannotBeObeyed_SaysWhy(string line, string reason)
        => Assert.Contains(reason, Assert.IsType<InvalidCommand>(Parse(line)).Problem, StringComparison.Ordinal);

    private static ShopCommand Parse(string line) => ShopCommandLine.Parse(line.Split(' '));
}
