using System.Net;

namespace ShopCart.Cluster.Balancing;

/// <summary>A node as the balancer sees it: an address that takes connections or not.</summary>
internal sealed class Backend(IPEndPoint address)
{
    private volatile bool _inRotation = true;

    public IPEndPoint Address => address;

    /// <summary>Whether new connections go there. Those that exist are left alone.</summary>
    public bool InRotation
    {
        get => _inRotation;
        set => _inRotation = value;
    }
}
