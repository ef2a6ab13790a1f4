using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using StickySessions.Cluster;
using StickySessions.Redis;

namespace StickySessions.Forwarding;

/// <summary>Where an interconnect is to listen, as configured: <c>http://10.0.0.5:6001</c>, <c>https://*:0</c>.</summary>
/// <param name="IsTls">Whether it speaks TLS.</param>
/// <param name="Address">The address; null for all interfaces.</param>
/// <param name="Port">0 for a free port.</param>
internal sealed record InterconnectEndpoint(bool IsTls, IPAddress? Address, int Port)
{
    private const string AnyFreePort = "http://*:0";

    public string Scheme => IsTls ? Uri.UriSchemeHttps : Uri.UriSchemeHttp;

    /// <summary>The configured endpoint, its default, or null if this node needs no interconnect.</summary>
    public static (string Url, bool HostMayBeForeign)? Choose(
        StickyInterconnectOptions interconnect, StickyNodeOptions node, StickyStaticOptions nodes, StickyRedisOptions redis)
    {
        if (!interconnect.Enabled)
        {
            return null;
        }

        if (interconnect.Url is { } url)
        {
            return (url, false);
        }

        if (nodes.Nodes.TryGetValue(node.Name, out var own))
        {
            // It says how others reach this node, and its host may be a name that only they resolve to this machine.
            return (own, true);
        }

        return redis.Configuration is null && redis.Configure is null ? null : (AnyFreePort, false);
    }

    public static bool TryParse(string url, bool hostMayBeForeign, [NotNullWhen(true)] out InterconnectEndpoint? endpoint)
    {
        endpoint = null;
        var isTls = url.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        if (!isTls && !url.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var authority = url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..].TrimEnd('/');
        var colon = authority.LastIndexOf(':');
        if (colon <= 0
            || !int.TryParse(authority.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port > IPEndPoint.MaxPort)
        {
            return false;
        }

        var host = authority[..colon];
        if (host is "*" or "+")
        {
            endpoint = new InterconnectEndpoint(isTls, null, port);
        }
        else if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            endpoint = new InterconnectEndpoint(isTls, IPAddress.Loopback, port);
        }
        else if (IPAddress.TryParse(host.AsSpan().Trim("[]"), out var address))
        {
            endpoint = new InterconnectEndpoint(isTls, address, port);
        }
        else if (hostMayBeForeign && Uri.CheckHostName(host) == UriHostNameType.Dns)
        {
            endpoint = new InterconnectEndpoint(isTls, null, port);
        }

        return endpoint is not null;
    }

    /// <summary>The address for other nodes when none is configured.</summary>
    public Uri Reachable(int port)
    {
        var address = Address is null || Address.Equals(IPAddress.Any) || Address.Equals(IPAddress.IPv6Any) ? FirstAddressOfMachine() : Address;
        return new UriBuilder(Scheme, address.ToString(), port).Uri;
    }

    private static IPAddress FirstAddressOfMachine()
        => NetworkInterface.GetAllNetworkInterfaces()
            .Where(network => network.OperationalStatus == OperationalStatus.Up && network.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal)
            .OrderBy(address => address.AddressFamily == AddressFamily.InterNetwork ? 0 : 1)
            .FirstOrDefault(IPAddress.Loopback);
}
