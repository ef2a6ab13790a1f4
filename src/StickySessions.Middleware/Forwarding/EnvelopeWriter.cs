using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using StickySessions.Tokens;

namespace StickySessions.Forwarding;

/// <summary>Writes the binary content of envelopes and answers into one pooled buffer.</summary>
internal ref struct EnvelopeWriter
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(512);
    private int _length;

    public EnvelopeWriter()
    {
    }

    public readonly int Length => _length;

    public readonly ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>Forgets what was written after <paramref name="length"/>.</summary>
    public void Truncate(int length) => _length = length;

    public void Byte(byte value) => Take(1)[0] = value;

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Take(8), value);

    public void Int64(long value) => UInt64((ulong)value);

    public void UInt128(UInt128 value) => BinaryPrimitives.WriteUInt128BigEndian(Take(16), value);

    public void Raw(scoped ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    /// <summary>Seven bits per byte, the low ones first.</summary>
    public void Number(uint value)
    {
        while (value >= 0x80)
        {
            Byte((byte)(value | 0x80));
            value >>= 7;
        }

        Byte((byte)value);
    }

    /// <summary>UTF-8 without a length: only for what is hashed and never read back.</summary>
    public void Characters(scoped ReadOnlySpan<char> value) => Encoding.UTF8.GetBytes(value, Take(Encoding.UTF8.GetByteCount(value)));

    /// <summary>Null and empty are different.</summary>
    public void Text(string? value)
    {
        if (value is null)
        {
            Number(0);
            return;
        }

        var length = Encoding.UTF8.GetByteCount(value);
        Number((uint)length + 1);
        Encoding.UTF8.GetBytes(value, Take(length));
    }

    public void Bytes(scoped ReadOnlySpan<byte> value)
    {
        Number((uint)value.Length);
        Raw(value);
    }

    public void Tag(NodeTag tag)
    {
        UInt32(tag.Sequence);
        UInt32(tag.Random);
    }

    public void Address(IPAddress? address)
    {
        if (address is null)
        {
            Byte(0);
            return;
        }

        var isV4 = address.AddressFamily == AddressFamily.InterNetwork;
        Byte((byte)(isV4 ? 4 : 16));
        address.TryWriteBytes(Take(isV4 ? 4 : 16), out _);
        if (!isV4)
        {
            UInt32((uint)address.ScopeId);
        }
    }

    public void Dispose()
    {
        var buffer = _buffer;
        this = default;
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private Span<byte> Take(int count)
    {
        if (_buffer.Length - _length < count)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + count));
            Written.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        var taken = _buffer.AsSpan(_length, count);
        _length += count;
        return taken;
    }
}
