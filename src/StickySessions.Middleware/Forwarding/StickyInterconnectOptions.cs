using System.Security.Cryptography.X509Certificates;

namespace StickySessions.Forwarding;

/// <summary>
/// The interconnect: the separate listener on which nodes talk to each other. Configuration section
/// <c>StickySessions:Interconnect</c>.
/// </summary>
public sealed class StickyInterconnectOptions
{
    /// <summary>
    /// Whether this node has an interconnect. Without one, others forward to its <c>Node:PublicAddress</c>, and its public listeners
    /// accept envelopes with a valid MAC. Default: true.
    /// </summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// Where it listens: <c>http://10.0.0.5:6001</c>, <c>https://0.0.0.0:6001</c>, <c>http://*:0</c> (all interfaces, a free port).
    /// Host: an IP address, <c>localhost</c> or <c>*</c>. Default: null, which means this node's entry in <c>Static:Nodes</c> if there is one,
    /// else with Redis <c>http://*:0</c>, else none is needed.
    /// </summary>
    public string? Url { get; set; }

    /// <summary>
    /// The address that other nodes use, if it differs from where it listens (a container's host name, a port mapping).
    /// Default: derived from <see cref="Url"/>; for <c>*</c> the machine's first address that is not loopback.
    /// </summary>
    public Uri? AdvertisedUrl { get; set; }

    /// <summary>The certificate of an <c>https</c> interconnect, from code. Default: null.</summary>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>Path of a PEM file with the certificate of an <c>https</c> interconnect. Default: null.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>Path of the PEM file with the private key of <see cref="CertificateFile"/>. Default: null, the same file.</summary>
    public string? CertificateKeyFile { get; set; }

    /// <summary>
    /// Path of a PEM file with the certificates (of an authority, or self-signed ones of the nodes) that other nodes' interconnects are
    /// trusted by; names are not checked then. Default: null, the machine's trust store with names checked.
    /// </summary>
    public string? TrustedCertificatesFile { get; set; }
}
