using System.Net;
using System.Security.Cryptography.X509Certificates;
using StickySessions.Tests.Integration.Conformance.Application;
using StickySessions.Tests.Integration.Conformance.Comparing;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Clients;

/// <summary>One exchange of a client: through which node, in which session, under which id the application records it.</summary>
internal sealed class Route(StickyTestNode ingress, string cookie, RequestRecorder recorder)
{
    private readonly List<int> _clientPorts = [];

    public string Id { get; } = Guid.NewGuid().ToString("N");

    public string Cookie => cookie;

    /// <summary>The node that the client talks to.</summary>
    public StickyTestNode Ingress => ingress;

    /// <summary>What the application saw; filled while the exchange goes on.</summary>
    public RecordedExchange Recorded => recorder.Of(Id);

    public async Task<RawConnection> ConnectAsync(X509Certificate2? clientCertificate = null, bool https = false)
    {
        var connection = await RawConnection.OpenAsync(https ? ingress.Https : ingress.Http, clientCertificate);
        AddClientPort(connection.LocalPort);
        return connection;
    }

    /// <summary>One request on a connection of its own.</summary>
    public async Task<Fields> SendAsync(RawRequest request)
    {
        await using var connection = await ConnectAsync();
        return await connection.SendAsync(this, request);
    }

    public void AddClientPort(int port)
    {
        lock (_clientPorts)
        {
            _clientPorts.Add(port);
        }
    }

    /// <summary>What the application saw, with the ports that differ from exchange to exchange given names.</summary>
    public Fields SeenByApplication()
    {
        var fields = Recorded.Fields;
        foreach (var name in fields.Names.Where(name => name.Kind is "remote address" or "local address").ToArray())
        {
            fields.Set(name.Kind, NameOf(name.Kind, IPEndPoint.Parse(fields[name]![0])), name.Number);
        }

        return fields;
    }

    private string NameOf(string kind, IPEndPoint address)
    {
        int[] known = kind == "remote address"
            ? [.. _clientPorts]
            : [ingress.Http.Port, ingress.H2c.Port, ingress.Https.Port];
        var index = Array.IndexOf(known, address.Port);
        return index < 0 ? address.ToString() : $"{address.Address}, the client's {(kind == "remote address" ? "own" : "peer")} port";
    }
}
