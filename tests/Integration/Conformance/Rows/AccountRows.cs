using System.Text.RegularExpressions;
using StickySessions.Tests.Integration.Conformance.Application;
using StickySessions.Tests.Integration.Conformance.Clients;
using StickySessions.Tests.Integration.Conformance.Comparing;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Rows;

/// <summary>Cookie authentication and antiforgery, with keys that only the owner has.</summary>
public sealed partial class AccountRows(ConformanceClusters clusters, GarnetServerFixture garnet) : ConformanceRows(clusters, garnet)
{
    private const string Https = "X-Forwarded-Proto: https";

    public static TheoryData<Transport> Every => [.. Transports.All];

    private protected override Pipeline Pipeline => Pipeline.BehindProxy;

    [Theory, MemberData(nameof(Every))]
    public async Task SignIn_ThenAccount_KnowsTheUser(Transport transport)
    {
        var answers = await SameAsDirectAsync(transport, async route =>
        {
            await using var connection = await route.ConnectAsync();
            var answers = new Fields();
            await SendAsync(connection, route, answers, 1, new("POST /sign-in HTTP/1.1") { Headers = [Https, "Content-Length: 0"] });
            await SendAsync(connection, route, answers, 2, new("GET /account HTTP/1.1") { Headers = [Https], MoreCookies = CookieOf(answers) });
            HideSecrets(route, answers);
            return answers;
        });

        Assert.Equal(["Hello Ada"], answers[new FieldName("body", "", 2)]!);
    }

    [Theory, MemberData(nameof(Every))]
    public async Task Form_WithItsToken_IsAccepted(Transport transport)
    {
        var answers = await SameAsDirectAsync(transport, async route =>
        {
            await using var connection = await route.ConnectAsync();
            var answers = new Fields();
            await SendAsync(connection, route, answers, 1, new("GET /form HTTP/1.1") { Headers = [Https] });
            var body = $"colour=red&__RequestVerificationToken={answers["body"]}";
            await SendAsync(connection, route, answers, 2, new("POST /form HTTP/1.1")
            {
                Headers = [Https, "Content-Type: application/x-www-form-urlencoded", $"Content-Length: {body.Length}"],
                MoreCookies = CookieOf(answers),
                Body = body,
            });
            answers.Set("body", "a token");
            HideSecrets(route, answers);
            return answers;
        });

        Assert.Equal(["You like red"], answers[new FieldName("body", "", 2)]!);
    }

    private protected override void PrepareSession(HttpRequestMessage request)
    {
        base.PrepareSession(request);
        request.Headers.Add("X-Forwarded-Proto", "https");
    }

    private static async Task SendAsync(RawConnection connection, Route route, Fields answers, int number, RawRequest request)
    {
        await connection.WriteAsync([.. request.HeadBytes(route), .. request.BodyBytes()]);
        await connection.ReadAnswerAsync(answers, number: number);
    }

    private static string CookieOf(Fields answers)
        => Assert.Single(answers[new FieldName(FieldName.Header, "SET-COOKIE", 1)]!).Split(';')[0];

    /// <summary>Their values are other ones in each exchange; names and attributes are not.</summary>
    private static void HideSecrets(Route route, Fields answers)
    {
        answers.Rewrite("SET-COOKIE", cookie => SecretOfCookie().Replace(cookie, "$1="));
        route.Recorded.Fields.Rewrite("COOKIE", cookies => SecretOfCookie().Replace(cookies, "$1="));
    }

    [GeneratedRegex(@"(\.AspNetCore\.\w+)[^=]*=[^;]*")]
    private static partial Regex SecretOfCookie();
}
