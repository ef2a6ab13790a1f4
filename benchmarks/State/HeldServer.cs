using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Ownership;
using StickySessions.Policies;

namespace StickySessions.Benchmarks.State;

/// <summary>
/// A node that holds very many sessions, or an application that keeps the same data in a dictionary. Both do the same for a request: they look at a
/// value, or put another one in its place, and leave some garbage as applications do.
/// </summary>
internal static class HeldServer
{
    public const int ValueLength = 1024;
    public const int GarbageLength = 32 * 1024;

    /// <summary>So many cookies are handed to whoever drives it.</summary>
    public const int Handed = 1_000;

    private const string Key = "data";
    private const string Brief = "brief";

    public static WebApplication Sticky(WebApplicationBuilder builder, TimeSpan idle)
    {
        builder.Services.AddStickySessions()
            .ConfigurePolicy(policy => policy.IdleTimeout = TimeSpan.FromHours(2))
            .AddPolicy(Brief, policy => (policy.IdleTimeout, policy.Cookie.Name) = (idle, ".Brief"));
        builder.Services.AddStickySessionState();
        var app = builder.Build();
        app.UseStickySessions();
        app.MapGet("/read", static context => AnswerAsync(context, context.Session.Get(Key)));
        app.MapGet("/write", static context =>
        {
            var value = NewValue();
            context.Session.Set(Key, value);
            return AnswerAsync(context, value);
        });
        app.MapGet("/held", static (HeldSessions held) => held.Count).DisableStickySession();
        MapFilling(app, (count, isBrief) => FillAsync(app, count, isBrief));
        return app;
    }

    public static WebApplication Plain(WebApplicationBuilder builder)
    {
        var values = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var app = builder.Build();
        app.MapGet("/read", context =>
        {
            lock (values)
            {
                return AnswerAsync(context, values[KeyOf(context)]);
            }
        });
        app.MapGet("/write", context =>
        {
            var value = NewValue();
            lock (values)
            {
                values[KeyOf(context)] = value;
            }

            return AnswerAsync(context, value);
        });
        MapFilling(app, (count, _) =>
        {
            var keys = Enumerable.Range(0, count).Select(_ => Tokens.SessionId.New().ToString()).ToArray();
            Array.ForEach(keys, key => values.Add(key, NewValue()));
            return Task.FromResult(keys.Take(Handed).Select(key => $"{Key}={key}"));
        });
        return app;
    }

    /// <summary>Endpoints that fill it, and that say what its garbage collector did.</summary>
    private static void MapFilling(WebApplication app, Func<int, bool, Task<IEnumerable<string>>> fillAsync)
    {
        var pauses = new GarbagePauses();
        app.MapGet("/fill/{count:int}", async (int count, bool? brief) => string.Join('\n', await fillAsync(count, brief == true))).DisableStickySession();
        app.MapGet("/heap", static () => GC.GetTotalMemory(forceFullCollection: true)).DisableStickySession();
        app.MapGet("/pauses", () => pauses.Take().ToString()).DisableStickySession();
        app.MapGet("/collect", static () =>
        {
            var before = GC.GetTotalPauseDuration();
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: false);
            return (GC.GetTotalPauseDuration() - before).TotalMilliseconds.ToString(CultureInfo.InvariantCulture);
        }).DisableStickySession();
    }

    /// <summary>Two requests for each session, the whole way through the pipeline: one begins it, and one puts the value into it.</summary>
    private static async Task<IEnumerable<string>> FillAsync(WebApplication app, int count, bool isBrief)
    {
        var begin = new ApplicationBuilder(app.Services).UseStickySessions().Use(static _ => static context =>
        {
            context.Session.Set(Key, NewValue());
            return Task.CompletedTask;
        }).Build();
        EndpointMetadataCollection metadata = isBrief ? new(new RequireStickySessionAttribute(Brief)) : EndpointMetadataCollection.Empty;
        var endpoint = new Endpoint(static _ => Task.CompletedTask, metadata, "an endpoint");
        var cookies = new List<string>();
        var connection = new ServerConnection();
        for (var session = 0; session < count; session++)
        {
            await connection.BeginSessionAsync(begin, endpoint);
            if (cookies.Count < Handed)
            {
                cookies.Add(connection.Cookie!);
            }
        }

        return cookies;
    }

    private static byte[] NewValue()
    {
        var value = new byte[ValueLength];
        Random.Shared.NextBytes(value);
        return value;
    }

    private static string KeyOf(HttpContext context) => context.Request.Headers.Cookie.ToString()[(Key.Length + 1)..];

    private static Task AnswerAsync(HttpContext context, byte[]? value)
    {
        if (value is not { Length: ValueLength })
        {
            throw new InvalidOperationException("The value is lost.");
        }

        // What it costs to make a page.
        GC.KeepAlive(new byte[GarbageLength]);
        return StateRoles.SayHelloAsync(context);
    }
}
