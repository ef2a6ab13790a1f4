using System.Buffers.Binary;
using System.Text;

namespace StickySessions.State;

/// <summary>
/// What ASP.NET Core's session keeps in a distributed cache, all numbers big-endian: one byte of revision, the number of entries in three bytes, a session id of 16
/// bytes; then keys, each behind its length in two bytes, and values, each behind its length in four (Microsoft.AspNetCore.Session, DistributedSession).
/// </summary>
internal static class StockSnapshot
{
    private const byte Revision = 2;
    private const int IdLength = 16;

    /// <exception cref="UnreadableSnapshotException">It is none.</exception>
    public static StateEntries Read(ReadOnlySpan<byte> content)
    {
        try
        {
            if (content[0] != Revision)
            {
                throw new UnreadableSnapshotException($"its revision is {content[0]}, and this version of StickySessions reads {Revision}");
            }

            var count = (content[1] << 16) | BinaryPrimitives.ReadUInt16BigEndian(content[2..]);
            content = content[(4 + IdLength)..];
            var entries = StateEntries.Empty;
            for (var left = count; left > 0; left--)
            {
                var key = Encoding.UTF8.GetString(Take(ref content, BinaryPrimitives.ReadUInt16BigEndian(Take(ref content, sizeof(ushort)))));
                var value = Take(ref content, BinaryPrimitives.ReadInt32BigEndian(Take(ref content, sizeof(int)))).ToArray();
                var entry = new StateEntry(key, value);
                entries = entry.IsTyped ? entries : entries.With(entry); // Such a key no session of ours has.
            }

            return content.IsEmpty ? entries : throw new UnreadableSnapshotException($"{content.Length} bytes follow behind its last entry");
        }
        catch (Exception broken) when (broken is ArgumentException or IndexOutOfRangeException)
        {
            throw new UnreadableSnapshotException("it is cut off", broken);
        }
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> content, int length)
    {
        var taken = content[..length];
        content = content[length..];
        return taken;
    }
}
