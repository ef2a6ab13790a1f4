using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace StickySessions.Forwarding;

/// <summary>The certificate that an <c>https</c> interconnect presents.</summary>
internal static class InterconnectCertificate
{
    public static X509Certificate2 Load(StickyInterconnectOptions options)
    {
        if (options.Certificate is { } certificate)
        {
            return certificate;
        }

        try
        {
            return X509Certificate2.CreateFromPemFile(options.CertificateFile!, options.CertificateKeyFile);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new InvalidOperationException(
                $"The certificate of the interconnect cannot be read from '{options.CertificateFile}' (key: '{options.CertificateKeyFile ?? options.CertificateFile}'): {failure.Message} "
                + "Set StickySessions:Interconnect:CertificateFile and CertificateKeyFile to PEM files, or Certificate in code.",
                failure);
        }
    }
}
