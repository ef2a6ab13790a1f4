using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>How the nodes of a test cluster reach each other.</summary>
public enum InterconnectKind
{
    /// <summary>No interconnect: HTTP/1.1 to the public address.</summary>
    None,

    H2c,
    Tls,
}

/// <summary>What a test's cluster is made of. Every node is built the same way.</summary>
internal sealed record StickyTestClusterOptions
{
    /// <summary>The connection string of the Redis that holds the view; the cluster takes a name of its own in it.</summary>
    public required string Redis { get; init; }

    public int Nodes { get; init; } = 2;

    public InterconnectKind Interconnect { get; init; } = InterconnectKind.H2c;

    /// <summary>Gives each node a public HTTPS listener that asks for, but does not insist on, a client certificate.</summary>
    public X509Certificate2? PublicCertificate { get; init; }

    public Action<WebApplicationBuilder> ConfigureBuilder { get; init; } = _ => { };

    public Action<KestrelServerOptions> ConfigureKestrel { get; init; } = _ => { };

    public Action<IStickySessionsBuilder> ConfigureSticky { get; init; } = _ => { };

    /// <summary>The pipeline in front of <c>UseStickySessions</c>; it runs on every node that a request touches.</summary>
    public Action<WebApplication> BeforeSticky { get; init; } = _ => { };

    /// <summary>The pipeline behind <c>UseStickySessions</c>, and the endpoints; only the owner runs it.</summary>
    public Action<WebApplication> AfterSticky { get; init; } = _ => { };
}
