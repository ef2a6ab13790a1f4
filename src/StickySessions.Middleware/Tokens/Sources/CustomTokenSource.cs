using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace StickySessions.Tokens;

/// <summary>A source of the application's own.</summary>
internal sealed class CustomTokenSource(IStickyTokenSource custom) : TokenSource
{
    public override ValueTask<StringValues> ReadAsync(HttpContext context)
    {
        var reading = custom.ReadAsync(context);
        return reading.IsCompletedSuccessfully ? new(reading.Result) : WaitAsync(reading);
    }

    private static async ValueTask<StringValues> WaitAsync(ValueTask<string?> reading) => await reading;
}
