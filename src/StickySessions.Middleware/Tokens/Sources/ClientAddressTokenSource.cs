using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace StickySessions.Tokens;

/// <summary>The client's network in canonical text (RFC 5952), <c>10.1.2.0/24</c>. An IPv4 address in IPv6's clothes is one of IPv4.</summary>
internal sealed class ClientAddressTokenSource(int ipv4PrefixLength, int ipv6PrefixLength) : TokenSource
{
    public override bool IsLastResort => true;

    public override ValueTask<StringValues> ReadAsync(HttpContext context)
        => new(context.Connection.RemoteIpAddress is { } address ? NetworkOf(address) : StringValues.Empty);

    private string NetworkOf(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var length = plain.AddressFamily == AddressFamily.InterNetwork ? ipv4PrefixLength : ipv6PrefixLength;

        // From its bytes, because the scope of a link-local address is this node's business.
        var bytes = plain.GetAddressBytes();
        for (var bit = length; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPNetwork(new IPAddress(bytes), length).ToString();
    }
}
