using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace StickySessions.Tokens;

/// <summary>A header. A comma is part of its value: not every header is a list.</summary>
internal sealed class HeaderTokenSource(string name) : TokenSource
{
    public override ValueTask<StringValues> ReadAsync(HttpContext context) => new(context.Request.Headers[name]);
}
