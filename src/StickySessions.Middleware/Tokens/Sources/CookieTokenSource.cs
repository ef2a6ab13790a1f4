using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace StickySessions.Tokens;

/// <summary>All cookies of one name, without their quotes. Not percent-decoded: no standard says that they are encoded, and not every application does.</summary>
internal sealed class CookieTokenSource(string name) : TokenSource
{
    public override bool TakesAll => true;

    public override ValueTask<StringValues> ReadAsync(HttpContext context)
    {
        var found = StringValues.Empty;
        foreach (var value in new CookieValues(context.Request.Headers.Cookie, name))
        {
            found = StringValues.Concat(found, value.ToString());
            if (found.Count == TokenSourceChain.MaxTokens)
            {
                break;
            }
        }

        return new(found);
    }

    public override string Plain(string raw) => raw is ['"', .. var inner, '"'] ? inner : raw;
}
