using System.Security.Claims;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace StickySessions.Tests.Integration.Conformance.Application;

/// <summary>Sign-in and a form, both with keys that only one node has, and something to compress.</summary>
internal static class AccountEndpoints
{
    public static void MapAccount(this WebApplication app)
    {
        app.MapPost("/sign-in", context => context.SignInAsync(new ClaimsPrincipal(
            new ClaimsIdentity([new Claim(ClaimTypes.Name, "Ada")], CookieAuthenticationDefaults.AuthenticationScheme))));
        app.MapGet("/account", (ClaimsPrincipal user) => $"Hello {user.Identity!.Name}").RequireAuthorization();
        app.MapGet("/form", (HttpContext context, IAntiforgery antiforgery) => antiforgery.GetAndStoreTokens(context).RequestToken);
        app.MapGet("/text", () => Results.Text(new string('t', 5000)));
        app.MapPost("/form", ([FromForm] string colour) => $"You like {colour}");
    }
}
