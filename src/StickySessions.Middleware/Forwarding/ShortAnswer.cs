using Microsoft.AspNetCore.Http.Features;

namespace StickySessions.Forwarding;

/// <summary>A status and one header, and the application knows nothing of it.</summary>
internal sealed class ShortAnswer(IFeatureCollection features, int status, string header, string value) : IApplicationRequest
{
    public Task ProcessAsync()
    {
        var response = features.GetRequiredFeature<IHttpResponseFeature>();
        response.StatusCode = status;
        response.Headers[header] = value;
        response.Headers.ContentLength = 0;
        return Task.CompletedTask;
    }

    public void End(Exception? exception)
    {
    }
}
