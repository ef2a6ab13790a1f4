using Microsoft.AspNetCore.Http;

namespace StickySessions.Tokens;

/// <summary>A custom source that is one method.</summary>
internal sealed class DelegateTokenSource(Func<HttpContext, ValueTask<string?>> read) : IStickyTokenSource
{
    public ValueTask<string?> ReadAsync(HttpContext context) => read(context);
}
