using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace StickySessions.Tokens;

/// <summary>
/// The first parameter of a name in the query string, decoded. Names are the same in either case, as in <see cref="HttpRequest.Query"/>,
/// which would be parsed whole for it.
/// </summary>
internal sealed class QueryTokenSource(string name) : TokenSource
{
    public override ValueTask<StringValues> ReadAsync(HttpContext context)
    {
        foreach (var parameter in new QueryStringEnumerable(context.Request.QueryString.Value))
        {
            if (parameter.DecodeName().Span.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return new(parameter.DecodeValue().ToString());
            }
        }

        return new(StringValues.Empty);
    }
}
