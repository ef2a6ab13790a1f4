using System.Security.Cryptography;

namespace StickySessions.Tests.Integration.Conformance.Application;

/// <summary>Bodies of any length that take no memory.</summary>
internal static class Content
{
    private static readonly byte[] Block = MakeBlock();

    public static async Task WriteAsync(Stream to, long bytes, CancellationToken cancellationToken)
    {
        for (var left = bytes; left > 0; left -= Block.Length)
        {
            await to.WriteAsync(Block.AsMemory(0, (int)Math.Min(left, Block.Length)), cancellationToken);
        }
    }

    public static async Task<(long Length, byte[] Hash)> ReadAsync(Stream from, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[64 * 1024];
        long length = 0;
        for (int read; (read = await from.ReadAsync(buffer, cancellationToken)) > 0; length += read)
        {
            hash.AppendData(buffer, 0, read);
        }

        return (length, hash.GetCurrentHash());
    }

    private static byte[] MakeBlock()
    {
        // A length that no buffer on the way divides by, so that a block lost or repeated changes the hash.
        var block = new byte[65_521];
        new Random(20150101).NextBytes(block);
        return block;
    }
}
