using System.Buffers.Text;
using System.Security.Cryptography;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens;

public sealed class TokenProtectorTests
{
    private const string Policy = "default";

    private static readonly StickyToken Sample = new(
        SessionId.New(),
        new NodeTag(0x6712ab04, 0x9f3c21d7),
        Epoch: 3,
        Created: DateTimeOffset.FromUnixTimeSeconds(1_790_000_000),
        Issued: DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_123_456));

    private readonly FixedKeys _keys = new("the first secret of the cluster");
    private readonly TokenProtector _protector;

    public TokenProtectorTests() => _protector = new TokenProtector(_keys);

    [Fact]
    public void TryUnprotect_OfProtectedToken_GivesItBack()
    {
        Assert.Equal(TokenStatus.Valid, _protector.TryUnprotect(_protector.Protect(Sample, Policy), Policy, out var token));
        Assert.Equal(Sample, token);
    }

    [Fact]
    public void Protect_AnyToken_StaysUnderAHundredCookieSafeCharacters()
    {
        var text = _protector.Protect(
            new StickyToken(new SessionId(ulong.MaxValue, ulong.MaxValue), new NodeTag(uint.MaxValue, uint.MaxValue), uint.MaxValue,
                DateTimeOffset.FromUnixTimeSeconds(uint.MaxValue), DateTimeOffset.MaxValue),
            Policy);

        Assert.True(text.Length < 100, $"{text.Length} characters");
        Assert.True(Base64Url.IsValid(text));
        Assert.Equal(TokenStatus.Valid, _protector.TryUnprotect(text, Policy, out _));
    }

    [Fact]
    public void TryUnprotect_WithAnyOneBitChanged_IsNeverValid()
    {
        var bytes = Base64Url.DecodeFromChars(_protector.Protect(Sample, Policy));

        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var changed = (byte[])bytes.Clone();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));

            Assert.NotEqual(TokenStatus.Valid, _protector.TryUnprotect(Base64Url.EncodeToString(changed), Policy, out var token));
            Assert.Equal(default, token);
        }
    }

    [Fact]
    public void TryUnprotect_WithAnyOneCharacterChanged_IsNeverValid()
    {
        // One token, one text: if another text verified too, caches and logs could be told apart by whoever writes it.
        var text = _protector.Protect(Sample, Policy);

        for (var i = 0; i < text.Length; i++)
        {
            foreach (var other in "ABcd01-_+/=. \n\"%\u00e9\0".Where(c => c != text[i]))
            {
                Assert.NotEqual(TokenStatus.Valid, _protector.TryUnprotect(text[..i] + other + text[(i + 1)..], Policy, out _));
                Assert.NotEqual(TokenStatus.Valid, _protector.TryUnprotect(text[..i] + other + text[i..], Policy, out _));
            }

            Assert.NotEqual(TokenStatus.Valid, _protector.TryUnprotect(text.AsSpan(0, i), Policy, out _));
        }

        Assert.NotEqual(TokenStatus.Valid, _protector.TryUnprotect(text + "=", Policy, out _));
        Assert.NotEqual(TokenStatus.Valid, _protector.TryUnprotect(text + " ", Policy, out _));
    }

    [Fact]
    public void TryUnprotect_UnderAnotherPolicy_IsForged()
        => Assert.Equal(TokenStatus.Forged, _protector.TryUnprotect(_protector.Protect(Sample, Policy), "default2", out _));

    [Theory]
    [InlineData("abc", "abc", nameof(TokenStatus.Valid))]
    [InlineData("abc", "abd", nameof(TokenStatus.Forged))]
    [InlineData("abc", "", nameof(TokenStatus.Forged))]
    [InlineData("", "abc", nameof(TokenStatus.Forged))]
    [InlineData("", "", nameof(TokenStatus.Valid))]
    public void TryUnprotect_BoundToAnotherText_IsForged(string boundTo, string presentedWith, string expected)
    {
        var text = _protector.Protect(Sample, Policy, boundTo);

        Assert.Equal(expected, TokenProtector.TryUnprotect(text, Policy, _keys.Current, out _, presentedWith).ToString());
    }

    [Fact]
    public void Protect_BoundToALongText_IsAsLongAsAnyOther()
        => Assert.Equal(TokenProtector.TextLength, _protector.Protect(Sample, Policy, new string('x', TokenText.MaxLength)).Length);

    [Fact]
    public void TryUnprotect_OfAnotherClustersToken_IsUnknownKey()
    {
        var foreign = new TokenProtector(new FixedKeys("the secret of another cluster")).Protect(Sample, Policy);

        Assert.Equal(TokenStatus.UnknownKey, _protector.TryUnprotect(foreign, Policy, out _));
    }

    [Fact]
    public void TryUnprotect_AfterRotation_AcceptsTheOldKeyUntilItIsRemoved()
    {
        var (first, second) = (_keys.Current.Current, FixedKeys.Key("the second secret of the cluster"));
        var old = _protector.Protect(Sample, Policy);

        _keys.Current = new KeyRing(second, first);
        Assert.Equal(TokenStatus.Valid, _protector.TryUnprotect(old, Policy, out _));
        Assert.NotEqual(old, _protector.Protect(Sample, Policy));

        _keys.Current = new KeyRing(second);
        Assert.Equal(TokenStatus.UnknownKey, _protector.TryUnprotect(old, Policy, out _));
    }

    [Theory]
    [InlineData("", nameof(TokenStatus.Malformed))]
    [InlineData(" ", nameof(TokenStatus.Malformed))]
    [InlineData("not a token!", nameof(TokenStatus.Malformed))]
    [InlineData("A", nameof(TokenStatus.Malformed))]
    [InlineData("\ud800\udfff\u0000", nameof(TokenStatus.Malformed))]
    [InlineData("AQAA", nameof(TokenStatus.Malformed))]
    [InlineData("AgAA", nameof(TokenStatus.UnknownVersion))]
    public void TryUnprotect_OfAnythingElse_SaysWhatIsWrong(string text, string expected)
        => Assert.Equal(expected, _protector.TryUnprotect(text, Policy, out _).ToString());

    [Fact]
    public void TryUnprotect_OfALaterVersionsLongerToken_IsUnknownVersion()
        => Assert.Equal(TokenStatus.UnknownVersion, _protector.TryUnprotect(Base64Url.EncodeToString([2, .. new byte[71]]), Policy, out _));

    [Fact]
    public void TryUnprotect_OfALongText_IsOversized()
        => Assert.Equal(TokenStatus.Oversized, _protector.TryUnprotect(new string('A', TokenProtector.MaxTextLength + 1), Policy, out _));

    [Fact]
    public void TryUnprotect_OfASignedDateBeyondTheCalendar_IsMalformed()
    {
        // Signed by us, so no client can make one; but a fault elsewhere must not become an exception here.
        var bytes = Base64Url.DecodeFromChars(_protector.Protect(Sample, Policy));
        bytes.AsSpan(37, 6).Fill(0xFF);
        Sign(bytes);

        Assert.Equal(TokenStatus.Malformed, _protector.TryUnprotect(Base64Url.EncodeToString(bytes), Policy, out _));
    }

    [Fact]
    public void TryUnprotect_OfRandomTexts_NeverThrowsAndNeverAccepts()
    {
        var random = new Random(20260101);
        for (var i = 0; i < 20_000; i++)
        {
            var text = new char[random.Next(0, 120)];
            for (var at = 0; at < text.Length; at++)
            {
                text[at] = i % 2 == 0 ? (char)random.Next(0, 0x10000) : (char)random.Next(32, 127);
            }

            Assert.NotEqual(TokenStatus.Valid, _protector.TryUnprotect(text, Policy, out _));
        }
    }

    [Fact]
    public void TryUnprotect_OfAValidToken_AllocatesNothing()
    {
        var text = _protector.Protect(Sample, Policy);
        _protector.TryUnprotect(text, Policy, out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            _protector.TryUnprotect(text, Policy, out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private void Sign(byte[] token)
    {
        byte[] message = [.. "StickySessions session token"u8, (byte)Policy.Length, .. "default"u8, .. token.AsSpan(0, 43)];
        HMACSHA256.HashData(_keys.Current.Current.Token, message).AsSpan(0, 17).CopyTo(token.AsSpan(43));
    }
}
