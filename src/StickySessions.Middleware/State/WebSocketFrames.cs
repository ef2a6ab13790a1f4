namespace StickySessions.State;

/// <summary>Follows the frames that a server sends, in pieces of any size (RFC 6455, 5.2). It keeps their outlines only.</summary>
internal struct WebSocketFrames
{
    private const int CloseCode = 0x8;

    private ulong _payloadLeft;
    private ulong _length;
    private int _headerRead;
    private int _headerSize;
    private int _extendedSize;
    private bool _isClose;

    /// <summary>Whether a frame may be put in here.</summary>
    public readonly bool IsBetween => _headerRead == 0 && _payloadLeft == 0;

    /// <summary>Whether a close frame has gone by.</summary>
    public bool HasClosed { get; private set; }

    public void Pass(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_payloadLeft > 0)
            {
                var part = (int)Math.Min(_payloadLeft, (ulong)bytes.Length);
                _payloadLeft -= (ulong)part;
                bytes = bytes[part..];
            }
            else
            {
                PassHeader(bytes[0]);
                bytes = bytes[1..];
            }
        }
    }

    private void PassHeader(byte next)
    {
        switch (_headerRead++)
        {
            case 0:
                _isClose = (next & 0x0F) == CloseCode;
                return;

            case 1:
                // A server's frames are not masked; should one be, its key is part of the header.
                var (length, extended) = (next & 0x7F) switch { 126 => (0UL, 2), 127 => (0UL, 8), var small => ((ulong)small, 0) };
                _length = length;
                _extendedSize = extended;
                _headerSize = 2 + extended + ((next & 0x80) != 0 ? 4 : 0);
                break;

            case var at when at < 2 + _extendedSize:
                _length = (_length << 8) | next;
                break;
        }

        if (_headerRead == _headerSize)
        {
            HasClosed |= _isClose;
            _payloadLeft = _length;
            _headerRead = 0;
        }
    }
}
