using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens.Sources;

internal static class Requests
{
    public static HttpContext WithCookies(params string?[] headers) => With(context => context.Request.Headers.Cookie = headers);

    public static HttpContext WithHeader(string name, params string?[] values) => With(context => context.Request.Headers[name] = values);

    public static HttpContext WithQuery(string query) => With(context => context.Request.QueryString = new QueryString(query));

    public static HttpContext WithTarget(string target) => With(context => context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = target);

    public static HttpContext With(Action<HttpContext> change)
    {
        var context = new DefaultHttpContext();
        change(context);
        return context;
    }

    /// <summary>What the sources find, where none of them may wait.</summary>
    public static ImmutableArray<SourcedToken> Read(HttpContext context, params StickyTokenSourceOptions[] sources)
    {
        var reading = new TokenSourceChain(sources).ReadAsync(context);
        return reading.IsCompletedSuccessfully ? reading.Result : throw new InvalidOperationException("A source waits.");
    }

    public static string[] ReadValues(HttpContext context, params StickyTokenSourceOptions[] sources)
        => [.. Read(context, sources).Select(token => token.Value)];

    public static string? ReadOne(HttpContext context, StickyTokenSourceOptions source) => ReadValues(context, source).SingleOrDefault();
}
