using Microsoft.AspNetCore.Http;

namespace StickySessions.Tokens;

/// <summary>Reads the application's token from a request where no other source can. Must be safe for concurrent use.</summary>
public interface IStickyTokenSource
{
    /// <summary>Reads the token. It runs before the application, at the node that received the request, and must not read the body.</summary>
    /// <param name="context">The request.</param>
    /// <returns>The token, or null if the request has none. What it throws, the client gets as an error of the application.</returns>
    ValueTask<string?> ReadAsync(HttpContext context);
}
