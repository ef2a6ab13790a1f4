using Microsoft.Extensions.Options;

namespace StickySessions.Forwarding;

internal sealed class StickyInterconnectOptionsValidator : IValidateOptions<StickyInterconnectOptions>
{
    private const string Section = "StickySessions:Interconnect:";

    public ValidateOptionsResult Validate(string? name, StickyInterconnectOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        if (!options.Enabled)
        {
            return errors.Build();
        }

        InterconnectEndpoint? endpoint = null;
        if (options.Url is { } url && !InterconnectEndpoint.TryParse(url, hostMayBeForeign: false, out endpoint))
        {
            errors.AddError($"{Section}Url is '{url}'. Set it to scheme, host and port, for instance http://10.0.0.5:6001 or https://*:0; the host is an IP address, 'localhost' or '*'.");
        }

        if (options.AdvertisedUrl is { } advertised
            && (!advertised.IsAbsoluteUri || (advertised.Scheme != Uri.UriSchemeHttp && advertised.Scheme != Uri.UriSchemeHttps) || advertised.PathAndQuery != "/"))
        {
            errors.AddError($"{Section}AdvertisedUrl is '{advertised}'. Set it to the http or https address, without a path, that other nodes connect to, for instance http://web-1:6001.");
        }
        else if (endpoint is not null && options.AdvertisedUrl is { } address && address.Scheme != endpoint.Scheme)
        {
            errors.AddError($"{Section}AdvertisedUrl is '{address}' but Url is '{options.Url}'. Give both the same scheme.");
        }

        if (endpoint is { IsTls: true } && options.Certificate is null && options.CertificateFile is null)
        {
            errors.AddError($"{Section}Url is '{options.Url}' but there is no certificate. Set {Section}CertificateFile to a PEM file, or Certificate in code.");
        }

        if (options.Certificate is { HasPrivateKey: false })
        {
            errors.AddError($"{Section}Certificate '{options.Certificate.Subject}' has no private key. Set one that has.");
        }

        Exists(errors, nameof(options.CertificateFile), options.CertificateFile);
        Exists(errors, nameof(options.CertificateKeyFile), options.CertificateKeyFile);
        Exists(errors, nameof(options.TrustedCertificatesFile), options.TrustedCertificatesFile);
        return errors.Build();
    }

    private static void Exists(ValidateOptionsResultBuilder errors, string option, string? path)
    {
        if (path is not null && !File.Exists(path))
        {
            errors.AddError($"{Section}{option} is '{path}'. Set it to a PEM file that exists and that this process may read.");
        }
    }
}
