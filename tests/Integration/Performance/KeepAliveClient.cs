using System.Net;
using System.Net.Sockets;
using System.Text;

namespace StickySessions.Tests.Integration.Performance;

/// <summary>
/// Repeats one GET on one keep-alive connection. It blocks and reuses its buffers, so that it allocates nothing itself; it knows just
/// as much HTTP as answers that end with <see cref="Body"/> need.
/// </summary>
internal sealed class KeepAliveClient : IDisposable
{
    public const string Body = "that is all";

    private static readonly byte[] End = Encoding.ASCII.GetBytes("\r\n\r\n" + Body);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _request;
    private readonly byte[] _answer = new byte[8192];

    public KeepAliveClient(Uri server, string cookie)
    {
        _request = Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: shop.test\r\nAccept: */*\r\nX-Of-The-Client: 1\r\nCookie: {cookie}\r\n\r\n");
        _socket.Connect(IPAddress.Parse(server.Host), server.Port);
    }

    /// <summary>The head of the last answer.</summary>
    public string LastAnswer { get; private set; } = "";

    public void Repeat(int requests)
    {
        var length = 0;
        for (var i = 0; i < requests; i++)
        {
            _socket.Send(_request);
            length = 0;
            do
            {
                var read = _socket.Receive(_answer.AsSpan(length));
                Assert.NotEqual(0, read);
                length += read;
            }
            while (!_answer.AsSpan(0, length).EndsWith(End));
        }

        LastAnswer = Encoding.ASCII.GetString(_answer, 0, length);
    }

    public void Dispose() => _socket.Dispose();
}
