using System.Text.Json;
using OpenQA.Selenium;

namespace StickySessions.Tests.Integration.RealClients.Browsers;

/// <summary>What a browser did: its requests, and what it or a page's script complained about.</summary>
internal sealed class BrowserRecord(ILogs logs)
{
    private readonly List<string> _requests = [];
    private readonly List<string> _webSockets = [];
    private readonly List<string> _complaints = [];

    /// <summary>Method and address of each request so far, WebSockets excepted.</summary>
    public IReadOnlyList<string> Requests => UpToNow()._requests;

    /// <summary>The address of each WebSocket so far.</summary>
    public IReadOnlyList<string> WebSockets => UpToNow()._webSockets;

    /// <summary>Failed requests, answers from 400 on, WebSockets that ended, errors in the console.</summary>
    public IReadOnlyList<string> Complaints => UpToNow()._complaints;

    // Chromium's own record (Chrome DevTools Protocol, domain Network); reading it empties it.
    private BrowserRecord UpToNow()
    {
        foreach (var entry in logs.GetLog("performance"))
        {
            using var json = JsonDocument.Parse(entry.Message);
            var message = json.RootElement.GetProperty("message");
            Add(message.GetProperty("method").GetString()!, message.GetProperty("params"));
        }

        _complaints.AddRange(logs.GetLog(LogType.Browser).Where(line => line.Level >= LogLevel.Severe).Select(line => line.Message));
        return this;
    }

    private void Add(string what, JsonElement event_)
    {
        switch (what)
        {
            case "Network.requestWillBeSent":
                var request = event_.GetProperty("request");
                _requests.Add($"{request.GetProperty("method").GetString()} {request.GetProperty("url").GetString()}");
                break;
            case "Network.webSocketCreated":
                _webSockets.Add(event_.GetProperty("url").GetString()!);
                break;
            case "Network.responseReceived" when event_.GetProperty("response") is var response && response.GetProperty("status").GetInt32() >= 400:
                _complaints.Add($"{response.GetProperty("status").GetInt32()} {response.GetProperty("url").GetString()}");
                break;
            case "Network.loadingFailed" or "Network.webSocketFrameError" or "Network.webSocketClosed":
                _complaints.Add($"{what} {event_}");
                break;
        }
    }
}
