using System.Globalization;
using System.Net;

namespace StickySessions.Tests.Integration.Placement;

/// <summary>What a client got.</summary>
/// <param name="Status">The status.</param>
/// <param name="Body">The whole body.</param>
/// <param name="Cookie">What it sends from now on.</param>
/// <param name="RetryAfter">Seconds.</param>
internal sealed record Answer(HttpStatusCode Status, string Body, string? Cookie, double? RetryAfter)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(int)Status} {Body}");
}

internal static class PlacementClient
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseCookies = false });

    public static async Task<Answer> GetAsync(this PlacementNode ingress, string path = "/", string? cookie = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(ingress.Address, path));
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
        }

        using var answer = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        return new Answer(
            answer.StatusCode,
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            answer.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies.Single().Split(';')[0] : cookie,
            answer.Headers.RetryAfter?.Delta?.TotalSeconds);
    }

    /// <summary>So many new sessions that enter at one node: how many began at each.</summary>
    public static async Task<Dictionary<string, int>> BeginAsync(this PlacementNode ingress, int sessions)
    {
        var owners = new List<string>();
        for (var i = 0; i < sessions; i++)
        {
            var answer = await ingress.GetAsync();
            Assert.Equal(HttpStatusCode.OK, answer.Status);
            owners.Add(answer.Body);
        }

        return owners.CountBy(owner => owner).ToDictionary();
    }
}
