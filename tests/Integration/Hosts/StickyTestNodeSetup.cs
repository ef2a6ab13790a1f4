using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Forwarding;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>What the nodes of one test cluster have in common, put into the options of the product and of Kestrel.</summary>
internal sealed class StickyTestNodeSetup
{
    private const string Secret = "a secret of the tests, the same on all nodes";

    private readonly string _clusterName;
    private readonly string _certificateFile;

    public StickyTestNodeSetup(StickyTestClusterOptions options, string clusterName, string directory)
    {
        Options = options;
        Directory = directory;
        _clusterName = clusterName;
        _certificateFile = Path.Combine(directory, "interconnect.pem");
        if (options.Interconnect is InterconnectKind.Tls)
        {
            using var certificate = TestCertificate.Create("interconnect.test");
            certificate.WritePem(_certificateFile);
        }
    }

    public StickyTestClusterOptions Options { get; }

    public string Directory { get; }

    public void ConfigureSticky(IStickySessionsBuilder sticky, string nodeName, int publicPort)
    {
        sticky
            .ConfigureNode(node =>
            {
                node.Name = nodeName;
                node.DrainDelay = TimeSpan.Zero;
                node.PublicAddress = publicPort == 0 ? null : new Uri($"http://127.0.0.1:{publicPort}");
            })
            .ConfigureInterconnect(ConfigureInterconnect)
            .ConfigureKeys(keys => keys.Secret = Secret)
            .UseRedis(redis =>
            {
                redis.Configuration = Options.Redis;
                redis.ClusterName = _clusterName;
                redis.BeatInterval = TimeSpan.FromMilliseconds(200);
            });
        Options.ConfigureSticky(sticky);
    }

    /// <summary>The public listeners: HTTP/1.1, HTTP/2 without TLS, and HTTPS if there is a certificate; in this order.</summary>
    public void ConfigureKestrel(KestrelServerOptions kestrel, int publicPort)
    {
        kestrel.Listen(IPAddress.Loopback, publicPort, listen => listen.Protocols = HttpProtocols.Http1);
        kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        if (Options.PublicCertificate is { } certificate)
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate, AskForClientCertificate));
        }

        Options.ConfigureKestrel(kestrel);
    }

    private static void AskForClientCertificate(HttpsConnectionAdapterOptions https)
    {
        https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
        https.ClientCertificateValidation = (_, _, _) => true;
    }

    private void ConfigureInterconnect(StickyInterconnectOptions interconnect)
    {
        switch (Options.Interconnect)
        {
            case InterconnectKind.None:
                interconnect.Enabled = false;
                break;
            case InterconnectKind.H2c:
                interconnect.Url = "http://127.0.0.1:0";
                break;
            case InterconnectKind.Tls:
                interconnect.Url = "https://127.0.0.1:0";
                interconnect.CertificateFile = _certificateFile;
                interconnect.TrustedCertificatesFile = _certificateFile;
                break;
        }
    }
}
