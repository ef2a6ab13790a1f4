using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace StickySessions.Tokens;

/// <summary>
/// A claim of the user. Without a scheme, the user whom <c>UseAuthentication</c> has found, and if it comes later or found nobody, whom the
/// default scheme finds. With a scheme, whom that scheme finds, whatever else has authenticated the request: so the place in the
/// pipeline makes no difference.
/// </summary>
internal sealed class ClaimTokenSource(string type, string? scheme) : TokenSource
{
    private readonly DetachedAuthentication _authentication = new(
        string.IsNullOrEmpty(scheme) ? null : scheme,
        $"The token source {nameof(StickyTokenSourceKind.Claim)} \"{type}\"");

    public override ValueTask<StringValues> ReadAsync(HttpContext context)
    {
        if (string.IsNullOrEmpty(scheme) && context.User.Identity is { IsAuthenticated: true })
        {
            return new(ClaimOf(context.User));
        }

        return AuthenticateAsync(context);
    }

    private async ValueTask<StringValues> AuthenticateAsync(HttpContext context)
        => ClaimOf(await _authentication.AuthenticateAsync(context));

    private string? ClaimOf(ClaimsPrincipal? user)
        => user?.Identities.Where(identity => identity.IsAuthenticated).Select(identity => identity.FindFirst(type)).FirstOrDefault(claim => claim is not null)?.Value;
}
