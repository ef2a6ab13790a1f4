using ShopCart.Cli;

namespace ShopCart.Cluster;

/// <summary>How the cluster starts its nodes: what all have in common, and the name of each.</summary>
internal sealed class NodeLaunch(ClusterCommand command, string? store, DemoCertificate? certificate)
{
    public string Scheme => certificate is null ? "http" : "https";

    /// <param name="number">Which node, from 1 on.</param>
    /// <param name="address">Where it serves; null lets it take a free port.</param>
    /// <param name="write">Takes what it says.</param>
    public NodeProcess Start(int number, Uri? address, Action<string> write) => new(NameOf(number), Arguments(address), Environment(), write);

    private static string NameOf(int number) => $"web-{number}";

    // Port 0: each node takes free ports and tells where it serves.
    private List<string> Arguments(Uri? address)
    {
        var urls = address?.GetLeftPart(UriPartial.Authority) ?? $"{Scheme}://127.0.0.1:0";
        List<string> arguments = ["--urls", urls, "--sticky", command.Sticky ? "on" : "off"];
        if (command.Sticky && command.State is { } state)
        {
            arguments.AddRange(["--state", state]);
        }

        if (store is not null)
        {
            arguments.AddRange(["--interconnect", $"{Scheme}://127.0.0.1:0", "--redis", store]);
        }

        return arguments;
    }

    private Dictionary<string, string> Environment()
    {
        var environment = new Dictionary<string, string>
        {
            ["ShopCart__Nodes"] = string.Join(',', Enumerable.Range(1, command.Nodes).Select(NameOf)),
            ["ShopCart__NewConnectionPerClick"] = "true",
            ["Logging__LogLevel__StickySessions"] = "Warning",

            // How a node goes is what somebody who stops one wants to see.
            ["Logging__LogLevel__StickySessions.NodeDrain"] = "Information",
            ["Logging__LogLevel__StickySessions.State.DrainedSessions"] = "Information",

            // Four looks of our balancer; a balancer that looks less often needs the default.
            ["StickySessions__Node__DrainDelay"] = "00:00:01",
        };

        if (certificate is not null)
        {
            environment["Kestrel__Certificates__Default__Path"] = certificate.CertificateFile;
            environment["Kestrel__Certificates__Default__KeyPath"] = certificate.KeyFile;
            environment["StickySessions__Interconnect__CertificateFile"] = certificate.CertificateFile;
            environment["StickySessions__Interconnect__CertificateKeyFile"] = certificate.KeyFile;
            environment["StickySessions__Interconnect__TrustedCertificatesFile"] = certificate.CertificateFile;
        }

        return environment;
    }
}
