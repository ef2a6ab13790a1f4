using System.Buffers.Binary;
using System.Text;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.State;

/// <summary>"Take this session": its id, claim, beginning, policy and state. The answer is one byte: 1 if it was taken.</summary>
/// <param name="Session">The session.</param>
/// <param name="Claim">As which the asked node is to own it.</param>
/// <param name="Created">When it began.</param>
/// <param name="Policy">Under which policy.</param>
/// <param name="State">Its state.</param>
internal sealed record TakeQuestion(SessionId Session, SessionClaim Claim, DateTimeOffset Created, string Policy, StoredState State)
{
    public const string Kind = "take";

    private const int HeadLength = SessionId.ByteLength + sizeof(uint) + sizeof(ulong) + sizeof(long) + sizeof(long) + sizeof(int) + sizeof(int);

    public static ReadOnlyMemory<byte> Taken { get; } = new byte[] { 1 };

    public static ReadOnlyMemory<byte> Refused { get; } = new byte[] { 0 };

    public byte[] ToBytes()
    {
        var policy = Encoding.UTF8.GetBytes(Policy);
        var bytes = new byte[HeadLength + policy.Length + State.Snapshot.Length];
        Session.Write(bytes);
        var rest = bytes.AsSpan(SessionId.ByteLength);
        BinaryPrimitives.WriteUInt32BigEndian(rest, Claim.Epoch);
        BinaryPrimitives.WriteUInt64BigEndian(rest[4..], Claim.Nonce);
        BinaryPrimitives.WriteInt64BigEndian(rest[12..], Created.UtcTicks);
        BinaryPrimitives.WriteInt64BigEndian(rest[20..], State.Version);
        BinaryPrimitives.WriteInt32BigEndian(rest[28..], State.Schema);
        BinaryPrimitives.WriteInt32BigEndian(rest[32..], policy.Length);
        policy.CopyTo(rest[36..]);
        State.Snapshot.Span.CopyTo(rest[(36 + policy.Length)..]);
        return bytes;
    }

    /// <returns>Null if it is no such question.</returns>
    public static TakeQuestion? TryRead(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < HeadLength)
        {
            return null;
        }

        var rest = bytes.Span[SessionId.ByteLength..];
        var ticks = BinaryPrimitives.ReadInt64BigEndian(rest[12..]);
        var policyLength = BinaryPrimitives.ReadInt32BigEndian(rest[32..]);
        if (policyLength < 0 || policyLength > bytes.Length - HeadLength || ticks < 0 || ticks > DateTimeOffset.MaxValue.UtcTicks)
        {
            return null;
        }

        return new TakeQuestion(
            SessionId.Read(bytes.Span[..SessionId.ByteLength]),
            new SessionClaim(BinaryPrimitives.ReadUInt32BigEndian(rest), BinaryPrimitives.ReadUInt64BigEndian(rest[4..])),
            new DateTimeOffset(ticks, TimeSpan.Zero),
            Encoding.UTF8.GetString(rest.Slice(36, policyLength)),
            new StoredState(BinaryPrimitives.ReadInt64BigEndian(rest[20..]), BinaryPrimitives.ReadInt32BigEndian(rest[28..]), bytes[(HeadLength + policyLength)..].ToArray()));
    }
}
