using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace StickySessions.Tests.Integration.Conformance.Clients;

/// <summary>A client that writes bytes and reads HTTP/1 answers, and hides nothing.</summary>
internal sealed class RawConnection : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly Stream _writer;
    private readonly BufferedStream _reader;

    private RawConnection(Socket socket, Stream stream)
    {
        _socket = socket;
        _writer = stream;
        _reader = new BufferedStream(stream, 16 * 1024);
        LocalPort = ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public int LocalPort { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<RawConnection> OpenAsync(Uri to, X509Certificate2? clientCertificate = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(to.Host, to.Port, Cancellation);
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        if (to.Scheme == Uri.UriSchemeHttps)
        {
            var tls = new SslStream(stream);
            await tls.AuthenticateAsClientAsync(TlsOptions(clientCertificate), Cancellation);
            stream = tls;
        }

        return new RawConnection(socket, stream);
    }

    public static SslClientAuthenticationOptions TlsOptions(X509Certificate2? clientCertificate) => new()
    {
        TargetHost = "shop.test",
        ClientCertificates = clientCertificate is null ? [] : [clientCertificate],
        RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=shop.test",
    };

    /// <summary>The connection itself, for what comes after an upgrade.</summary>
    public Stream AsStream() => _reader;

    public async Task WriteAsync(byte[] bytes)
    {
        await _writer.WriteAsync(bytes, Cancellation);
        await _writer.FlushAsync(Cancellation);
    }

    /// <summary>Closes with a reset, as a client that vanishes.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Dispose();
    }

    /// <summary>Reads one head: status line and headers.</summary>
    public async Task<RawHead> ReadHeadAsync()
    {
        var status = await ReadLineAsync();
        return new RawHead(status, await ReadHeadersAsync());
    }

    public async Task<List<(string Name, string Value)>> ReadHeadersAsync()
    {
        var headers = new List<(string, string)>();
        for (string line; (line = await ReadLineAsync()).Length > 0;)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers.Add((line[..colon], line[(colon + 1)..].Trim(' ')));
        }

        return headers;
    }

    /// <summary>Reads the next chunk; empty for the last one, whose trailers are still to be read.</summary>
    public async Task<byte[]> ReadChunkAsync()
    {
        var size = int.Parse(await ReadLineAsync(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var chunk = await ReadExactlyAsync(size);
        if (size > 0)
        {
            Assert.Equal("", await ReadLineAsync());
        }

        return chunk;
    }

    public async Task<byte[]> ReadExactlyAsync(long length)
    {
        var bytes = new byte[length];
        await _reader.ReadExactlyAsync(bytes, Cancellation);
        return bytes;
    }

    public async Task<byte[]> ReadToEndAsync()
    {
        using var all = new MemoryStream();
        await _reader.CopyToAsync(all, Cancellation);
        return all.ToArray();
    }

    public ValueTask DisposeAsync() => _writer.DisposeAsync();

    private async Task<string> ReadLineAsync()
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (true)
        {
            await _reader.ReadExactlyAsync(one, Cancellation);
            if (one[0] == '\n')
            {
                return Encoding.Latin1.GetString([.. line]).TrimEnd('\r');
            }

            line.Add(one[0]);
        }
    }
}
