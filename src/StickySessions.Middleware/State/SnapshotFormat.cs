using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.DataProtection;

namespace StickySessions.State;

/// <summary>
/// Snapshots as bytes: one byte of format, one of flags, then keys and values, each behind its length. What is compressed says its length first; what is
/// encrypted is so last. Safe for concurrent use.
/// </summary>
internal sealed class SnapshotFormat(StickySessionStateOptions options, IDataProtector? protector)
{
    private const byte Format = 1;
    private const byte IsCompressed = 1;
    private const byte IsEncrypted = 2;
    private const int HeadLength = 2;
    private const int LeastEntryLength = 2 * sizeof(int);
    private const int LeastDecompressed = 4096;

    public byte[] Write(StateEntries entries)
    {
        var buffer = new ArrayBufferWriter<byte>(HeadLength + entries.Bytes + (entries.Count * 8) + 4);
        buffer.Write<byte>([Format, 0]);
        WriteNumber(buffer, entries.Count);
        foreach (var entry in entries.All)
        {
            WriteNumber(buffer, Encoding.UTF8.GetByteCount(entry.Key));
            Encoding.UTF8.GetBytes(entry.Key, buffer);
            WriteNumber(buffer, entry.Value.Length);
            buffer.Write(entry.Value);
        }

        byte flags = 0;
        var content = buffer.WrittenSpan[HeadLength..].ToArray();
        if (options.CompressFrom > 0 && content.Length >= options.CompressFrom)
        {
            flags |= IsCompressed;
            content = Compress(content);
        }

        if (protector is not null)
        {
            flags |= IsEncrypted;
            content = protector.Protect(content);
        }

        return [Format, flags, .. content];
    }

    /// <exception cref="UnreadableSnapshotException">It is none, or not for this node to read.</exception>
    public StateEntries Read(ReadOnlyMemory<byte> snapshot)
    {
        if (snapshot.IsEmpty)
        {
            return StateEntries.Empty;
        }

        try
        {
            return ReadContent(snapshot.Span);
        }
        catch (Exception broken) when (broken is ArgumentException or InvalidDataException or IndexOutOfRangeException or System.Security.Cryptography.CryptographicException)
        {
            throw new UnreadableSnapshotException(broken.Message, broken);
        }
    }

    private StateEntries ReadContent(ReadOnlySpan<byte> snapshot)
    {
        if (snapshot.Length < HeadLength || snapshot[0] != Format)
        {
            throw new InvalidDataException($"its format is {snapshot[0]}, and this version of StickySessions reads {Format}");
        }

        var flags = snapshot[1];
        if ((flags & ~(IsCompressed | IsEncrypted)) != 0)
        {
            throw new InvalidDataException($"its flags are {flags}, of which this version of StickySessions does not know all");
        }

        var content = snapshot[HeadLength..];
        if ((flags & IsEncrypted) != 0)
        {
            content = protector is null
                ? throw new InvalidDataException("it is encrypted, and StickySessions:State:Encrypt is off here")
                : protector.Unprotect(content.ToArray());
        }

        if ((flags & IsCompressed) != 0)
        {
            content = Decompress(content);
        }

        return ReadEntries(content);
    }

    private static StateEntries ReadEntries(ReadOnlySpan<byte> content)
    {
        var count = ReadNumber(ref content);
        if (count < 0 || count > content.Length / LeastEntryLength)
        {
            throw new InvalidDataException($"it says that it has {count} entries, and has no room for them");
        }

        var entries = new StateEntry[count];
        for (var i = 0; i < count; i++)
        {
            var key = Encoding.UTF8.GetString(Take(ref content, ReadNumber(ref content)));
            entries[i] = new StateEntry(key, Take(ref content, ReadNumber(ref content)).ToArray());
        }

        return content.IsEmpty ? StateEntries.Of(entries) : throw new InvalidDataException($"{content.Length} bytes follow behind its last entry");
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> content, int length)
    {
        var taken = content[..length];
        content = content[length..];
        return taken;
    }

    private static byte[] Compress(byte[] content)
    {
        var compressed = new byte[sizeof(int) + BrotliEncoder.GetMaxCompressedLength(content.Length)];
        BinaryPrimitives.WriteInt32LittleEndian(compressed, content.Length);
        return BrotliEncoder.TryCompress(content, compressed.AsSpan(sizeof(int)), out var written, quality: 1, window: 22)
            ? compressed[..(sizeof(int) + written)]
            : throw new InvalidDataException("it could not be compressed");
    }

    /// <summary>The length is what the bytes say, which may be damaged: memory is taken only for what is really there.</summary>
    private static byte[] Decompress(ReadOnlySpan<byte> content)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(content);
        content = content[sizeof(int)..];
        var decompressed = new ArrayBufferWriter<byte>();
        using var decoder = new BrotliDecoder();
        while (true)
        {
            var status = decoder.Decompress(content, decompressed.GetSpan(LeastDecompressed), out var consumed, out var written);
            decompressed.Advance(written);
            content = content[consumed..];
            if (status == OperationStatus.Done && content.IsEmpty && decompressed.WrittenCount == length)
            {
                return decompressed.WrittenSpan.ToArray();
            }

            if (status != OperationStatus.DestinationTooSmall || decompressed.WrittenCount > length)
            {
                throw new InvalidDataException("it cannot be decompressed");
            }
        }
    }

    private static void WriteNumber(ArrayBufferWriter<byte> buffer, int number)
    {
        BinaryPrimitives.WriteInt32LittleEndian(buffer.GetSpan(sizeof(int)), number);
        buffer.Advance(sizeof(int));
    }

    private static int ReadNumber(ref ReadOnlySpan<byte> content)
    {
        var number = BinaryPrimitives.ReadInt32LittleEndian(content);
        content = content[sizeof(int)..];
        return number;
    }
}

/// <summary>Stored state that this node cannot read.</summary>
/// <param name="why">What is wrong with it.</param>
/// <param name="inner">What said so.</param>
internal sealed class UnreadableSnapshotException(string why, Exception? inner = null) : Exception(why, inner)
{
    /// <summary>If it is one typed value: its bytes.</summary>
    public byte[]? Value { get; init; }
}
