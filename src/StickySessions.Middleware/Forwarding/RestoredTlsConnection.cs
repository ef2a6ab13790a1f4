using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Forwarding;

/// <summary>The client's certificate as it was at the ingress node; decoded only if somebody asks.</summary>
internal sealed class RestoredTlsConnection(ReadOnlyMemory<byte> encoded) : ITlsConnectionFeature
{
    private X509Certificate2? _certificate;

    public X509Certificate2? ClientCertificate
    {
        get => encoded.IsEmpty ? _certificate : _certificate ??= X509CertificateLoader.LoadCertificate(encoded.Span);
        set => _certificate = value;
    }

    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);
}
