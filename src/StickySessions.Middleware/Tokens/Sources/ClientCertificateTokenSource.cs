using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace StickySessions.Tokens;

/// <summary>The thumbprint of the certificate that the client has shown. One that it has not shown is not asked for: that would renegotiate.</summary>
internal sealed class ClientCertificateTokenSource : TokenSource
{
    public override ValueTask<StringValues> ReadAsync(HttpContext context)
        => new(context.Connection.ClientCertificate?.GetCertHashString(HashAlgorithmName.SHA256));
}
