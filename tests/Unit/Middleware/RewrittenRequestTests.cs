using Microsoft.AspNetCore.Http;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Middleware;

public sealed class RewrittenRequestTests
{
    private static readonly string Suffix = "~" + new string('x', TokenProtector.TextLength);
    private static readonly StickyTokenSourceOptions[] Sources = [StickyTokenSourceOptions.Cookie("s"), StickyTokenSourceOptions.Header("X-S")];

    [Theory]
    [InlineData("s=abc@", "s=abc")]
    [InlineData("a=1; s=abc@; b=2", "a=1; s=abc; b=2")]
    [InlineData("a=1;s=abc@;b=2", "a=1;s=abc;b=2")]
    [InlineData("s=abc@ ; b=2", "s=abc ; b=2")]
    [InlineData("s=\"abc@\"; b=2", "s=\"abc\"; b=2")]
    [InlineData("s=abc@; s=def@; s=ghi", "s=abc; s=def; s=ghi")]
    [InlineData("s=a~b@", "s=a~b")]
    [InlineData("s=a@@", "s=a@")]
    [InlineData("s=a=b@", "s=a=b")]
    [InlineData("a=1;;s=abc@;", "a=1;;s=abc;")]
    public void Restore_Cookies_LosesTheSuffixAndNothingElse(string sent, string expected)
    {
        var context = Restored(context => context.Request.Headers.Cookie = sent.Replace("@", Suffix, StringComparison.Ordinal));

        Assert.Equal(expected.Replace("@", Suffix, StringComparison.Ordinal), context.Request.Headers.Cookie.ToString());
    }

    [Theory]
    [InlineData("other=abc@")]
    [InlineData("S=abc@")]
    [InlineData("s=@")]
    [InlineData("s=\"\"")]
    [InlineData("s")]
    [InlineData("=abc@")]
    [InlineData("s=abc~def")]
    [InlineData("s=abc@=")]
    [InlineData("")]
    [InlineData(";;; ~ ;;;")]
    public void Restore_WhatIsNoSuffix_StaysAsItIs(string sent)
    {
        sent = sent.Replace("@", Suffix, StringComparison.Ordinal);

        Assert.Equal(sent, Restored(context => context.Request.Headers.Cookie = sent).Request.Headers.Cookie.ToString());
    }

    [Fact]
    public void Restore_SeveralHeaders_RestoresEach()
    {
        var context = Restored(context =>
        {
            context.Request.Headers.Cookie = new[] { "a=1", $"s=abc{Suffix}" };
            context.Request.Headers["X-S"] = new[] { $"abc{Suffix}", null, "def" };
            context.Request.Headers["X-T"] = $"abc{Suffix}";
        });

        Assert.Equal(["a=1", "s=abc"], context.Request.Headers.Cookie.ToArray());
        Assert.Equal(["abc", null, "def"], context.Request.Headers["X-S"].ToArray());
        Assert.Equal($"abc{Suffix}", context.Request.Headers["X-T"].ToString());
    }

    private static DefaultHttpContext Restored(Action<HttpContext> prepare)
    {
        var context = new DefaultHttpContext();
        prepare(context);
        RewrittenRequest.Restore(context, Sources);
        return context;
    }
}
