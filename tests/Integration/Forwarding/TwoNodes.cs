using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>An owner, and the node that its clients come to.</summary>
internal static class TwoNodes
{
    public static async Task<(TestNode Owner, TestNode Ingress)> StartAsync(
        Action<WebApplication> endpoints, string version = "1.1", bool overInterconnect = true, Action<WebApplicationBuilder>? configure = null)
    {
        var owner = await TestNode.StartAsync("b", endpoints, builder =>
        {
            EchoNodes.WithoutInterconnect(!overInterconnect)(builder);
            configure?.Invoke(builder);
        });
        var ingress = await TestNode.StartAsync("a", endpoints, builder =>
        {
            configure?.Invoke(builder);
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(
                listen => listen.Protocols = version == "2.0" ? HttpProtocols.Http2 : HttpProtocols.Http1));
        });
        ingress.Peers["b"] = owner.AsPeer(overInterconnect);
        return (owner, ingress);
    }
}
