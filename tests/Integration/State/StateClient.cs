using System.Net;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.State;

/// <summary>A client with a cookie jar that sends each request to whichever node the test names.</summary>
internal sealed class StateClient : IDisposable
{
    private readonly CookieContainer _cookies = new();
    private readonly HttpClient _http;

    /// <param name="user">The token of applications whose sessions are users.</param>
    public StateClient(string user = "somebody")
    {
        _http = new HttpClient(new SocketsHttpHandler { CookieContainer = _cookies });
        _http.DefaultRequestHeaders.Add("X-User", user);
    }

    public CookieCollection CookiesOf(PlacementNode node) => _cookies.GetCookies(node.Address);

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, PlacementNode node, string path)
    {
        using var request = new HttpRequestMessage(method, new Uri(node.Address, path));
        return await _http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>The answer to a request that must not fail.</summary>
    public async Task<string> AskAsync(HttpMethod method, PlacementNode node, string path)
    {
        using var response = await SendAsync(method, node, path);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{method} {path} at {node.Name}: {(int)response.StatusCode} {body}");
        return body;
    }

    public Task<string> GetAsync(PlacementNode node, string path) => AskAsync(HttpMethod.Get, node, path);

    public Task<string> PutAsync(PlacementNode node, string path) => AskAsync(HttpMethod.Put, node, path);

    public Task<string> PostAsync(PlacementNode node, string path) => AskAsync(HttpMethod.Post, node, path);

    public Task<string> DeleteAsync(PlacementNode node, string path) => AskAsync(HttpMethod.Delete, node, path);

    public void Dispose() => _http.Dispose();
}
