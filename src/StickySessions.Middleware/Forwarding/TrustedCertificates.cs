using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace StickySessions.Forwarding;

/// <summary>Whom this node believes to be a node of the cluster when it connects over TLS.</summary>
internal sealed class TrustedCertificates
{
    private readonly X509Certificate2Collection _roots = [];

    public TrustedCertificates(StickyInterconnectOptions options)
    {
        if (options.TrustedCertificatesFile is { } path)
        {
            _roots.ImportFromPemFile(path);
            Validate = IsTrusted;
        }
    }

    /// <summary>Null: the machine's trust store, with names checked.</summary>
    public RemoteCertificateValidationCallback? Validate { get; }

    private bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 presented)
        {
            return false;
        }

        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(_roots);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (chain is not null)
        {
            own.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
        }

        return own.Build(presented);
    }
}
