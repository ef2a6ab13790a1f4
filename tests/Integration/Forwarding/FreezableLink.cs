using System.Net;
using System.Net.Sockets;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>
/// A TCP connection point in front of a node that can freeze: as with a process that was stopped, connections stay open and the kernel
/// accepts new ones, but nothing is read and nothing is answered any more.
/// </summary>
internal sealed class FreezableLink : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Uri _node;
    private readonly List<Task> _running = [];
    private volatile TaskCompletionSource _flows = Flowing();

    public FreezableLink(Uri node)
    {
        _node = node;
        _listener.Start();
        Run(AcceptAsync());
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public void Freeze() => _flows = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Thaw() => _flows.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        Task[] running;
        lock (_running)
        {
            running = [.. _running];
        }

        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private static TaskCompletionSource Flowing()
    {
        var flowing = new TaskCompletionSource();
        flowing.SetResult();
        return flowing;
    }

    private void Run(Task task)
    {
        lock (_running)
        {
            _running.Add(task);
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var from = await _listener.AcceptTcpClientAsync(_end.Token);
            Run(ConnectAsync(from));
        }
    }

    private async Task ConnectAsync(TcpClient from)
    {
        using (from)
        {
            await _flows.Task.WaitAsync(_end.Token);
            using var to = new TcpClient();
            await to.ConnectAsync(_node.Host, _node.Port, _end.Token);
            await Task.WhenAny(RelayAsync(from.GetStream(), to.GetStream()), RelayAsync(to.GetStream(), from.GetStream()));
        }
    }

    private async Task RelayAsync(NetworkStream from, NetworkStream to)
    {
        var buffer = new byte[16 * 1024];
        for (int read; (read = await from.ReadAsync(buffer, _end.Token)) > 0;)
        {
            await _flows.Task.WaitAsync(_end.Token);
            await to.WriteAsync(buffer.AsMemory(0, read), _end.Token);
        }
    }
}
