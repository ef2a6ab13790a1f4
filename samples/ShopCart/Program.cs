using ShopCart.Cli;
using ShopCart.Cluster;
using ShopCart.Prove;
using ShopCart.Shop;

return ShopCommandLine.Parse(args) switch
{
    ClusterCommand command => await ClusterRunner.RunAsync(command),
    NodeCommand command => await NodeRunner.RunAsync(command),
    ProveCommand command => await ProveRunner.RunAsync(command),
    InvalidCommand command => Usage.Refuse(command),
    _ => Usage.Show(),
};
