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
            fields.Set(name.Kind, NamePort(fields[name]![0]), name.Number);
        }

        // The forwarded headers middleware keeps the address of the connection here.
        fields.Rewrite("X-ORIGINAL-FOR", NamePort);
        return fields;
    }

    private string NamePort(string address)
    {
        if (!IPEndPoint.TryParse(address, out var parsed))
        {
            return address;
        }

        int[] listeners = [ingress.Http.Port, ingress.H2c.Port, ingress.Https.Port];
        return _clientPorts.Contains(parsed.Port) ? $"{parsed.Address}, the client's port"
            : listeners.Contains(parsed.Port) ? $"{parsed.Address}, the port of listener {Array.IndexOf(listeners, parsed.Port)}"
            : address;
    }
}
