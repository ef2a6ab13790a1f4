using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace StickySessions.Forwarding;

/// <summary>
/// YARP's forwarder with services of its own. Its logger warns with a stack trace of every failure, those that are tried again and end
/// well too, where this library says once what became of the request; and an application's own YARP stays as it configured it.
/// </summary>
internal sealed class QuietForwarder : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddLogging().AddHttpForwarder().BuildServiceProvider();

    public QuietForwarder() => Forwarder = _services.GetRequiredService<IHttpForwarder>();

    public IHttpForwarder Forwarder { get; }

    public void Dispose() => _services.Dispose();
}
