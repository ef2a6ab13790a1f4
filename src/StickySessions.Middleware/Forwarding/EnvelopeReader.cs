using System.Buffers.Binary;
using System.Net;
using System.Text;
using StickySessions.Tokens;

namespace StickySessions.Forwarding;

/// <summary>
/// Reads what <see cref="EnvelopeWriter"/> wrote. Never throws: after malformed input <see cref="IsComplete"/> is false and
/// every value is a default.
/// </summary>
internal ref struct EnvelopeReader(ReadOnlySpan<byte> content)
{
    private ReadOnlySpan<byte> _rest = content;
    private bool _isMalformed;

    /// <summary>Whether everything was well-formed and nothing is left.</summary>
    public readonly bool IsComplete => !_isMalformed && _rest.IsEmpty;

    public byte Byte() => Take(1) is [var value] ? value : (byte)0;

    public uint UInt32() => Take(4) is { Length: 4 } bytes ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : 0;

    public ulong UInt64() => Take(8) is { Length: 8 } bytes ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : 0;

    public long Int64() => (long)UInt64();

    public UInt128 UInt128() => Take(16) is { Length: 16 } bytes ? BinaryPrimitives.ReadUInt128BigEndian(bytes) : 0;

    public uint Number()
    {
        uint value = 0;
        for (var shift = 0; shift < 32; shift += 7)
        {
            var next = Byte();
            value |= (uint)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        _isMalformed = true;
        return 0;
    }

    public string? Text()
    {
        var length = Number();
        return length == 0 ? null : Encoding.UTF8.GetString(Take((long)length - 1));
    }

    /// <summary>A text that is the same in most envelopes: then the one that was read last is given again.</summary>
    public string? Text(ref string? last)
    {
        var length = Number();
        if (length == 0)
        {
            return null;
        }

        var bytes = Take((long)length - 1);
        return last is { } known && Ascii.Equals(bytes, known) ? known : last = Encoding.UTF8.GetString(bytes);
    }

    public ReadOnlySpan<byte> Bytes() => Take(Number());

    public SessionId SessionId() => Take(Tokens.SessionId.ByteLength) is { Length: Tokens.SessionId.ByteLength } bytes
        ? Tokens.SessionId.Read(bytes)
        : default;

    public NodeTag Tag() => new(UInt32(), UInt32());

    public DateTimeOffset Time()
    {
        var milliseconds = Int64();
        if (milliseconds >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds() && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
        {
            return DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
        }

        _isMalformed = true;
        return default;
    }

    public IPAddress? Address()
    {
        switch (Byte())
        {
            case 0:
                return null;
            case 4 when Take(4) is { Length: 4 } bytes:
                return new IPAddress(bytes);
            case 16 when Take(16) is { Length: 16 } bytes:
                return new IPAddress(bytes, UInt32());
            default:
                _isMalformed = true;
                return null;
        }
    }

    private ReadOnlySpan<byte> Take(long count)
    {
        if (_isMalformed || count > _rest.Length)
        {
            _isMalformed = true;
            return [];
        }

        var taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }
}
