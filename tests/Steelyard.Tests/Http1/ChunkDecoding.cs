using System.Text;
using Steelyard.Engine.Http1;

namespace Steelyard.Tests.Http1;

/// <summary>The chunked coding, rule by rule; any pieces of it are tried in <see cref="BodyPassing"/>.</summary>
public sealed class ChunkDecoding
{
    private static (string Data, bool Complete, bool Broken, int Used) Decode(string text, bool tolerant = false)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        var (decoder, data, used) = (new ChunkDecoder(tolerant), new StringBuilder(), 0);
        while (used < bytes.Length && !decoder.Complete && !decoder.Broken)
        {
            used += decoder.Read(bytes.AsSpan(used), out var count);
            data.Append(Encoding.Latin1.GetString(bytes.AsSpan(used - count, count)));
        }

        return (data.ToString(), decoder.Complete, decoder.Broken, used);
    }

    [Theory]
    [InlineData("0\r\n\r\n", "")]
    [InlineData("000\r\n\r\n", "")]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("A\r\n0123456789\r\n0\r\n\r\n", "0123456789")]
    [InlineData("a\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n", "0123456789x")]
    [InlineData("000000000000005\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("5;a=b\r\nhello\r\n0;c\r\n\r\n", "hello")]
    [InlineData("5 \t; a=\"b\"\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("2\r\n\r\n\r\n0\r\n\r\n", "\r\n")]
    [InlineData("0\r\nX: y\r\nZ:\r\n\r\n", "")]
    public void A_body_in_chunks_is_its_data(string text, string data) =>
        Assert.Equal((data, true, false, text.Length), Decode(text + "GET / HTTP/1.1"));

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("5\r\nhel")]
    [InlineData("5\r\nhello\r\n")]
    [InlineData("0\r\n")]
    [InlineData("0\r\nX: y\r\n")]
    [InlineData("0\r\n\r")]
    public void A_body_that_has_not_ended_is_neither_complete_nor_broken(string text)
    {
        var (_, complete, broken, used) = Decode(text);
        Assert.Equal((false, false, text.Length), (complete, broken, used));
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData(" 5\r\n")]
    [InlineData("-5\r\n")]
    [InlineData("+5\r\n")]
    [InlineData("0x5\r\n")]
    [InlineData("g\r\n")]
    [InlineData(";a\r\n")]
    [InlineData("5\n")]
    [InlineData("5\rx")]
    [InlineData("5 \r\n")]
    [InlineData("5 5\r\n")]
    [InlineData("5;a\n")]
    [InlineData("5;a\0\r\n")]
    [InlineData("5\r\nhellox")]
    [InlineData("5\r\nhello\n")]
    [InlineData("5\r\nhello\rx")]
    [InlineData("0\r\nX\r\n\r\n")]
    [InlineData("0\r\nX : y\r\n\r\n")]
    [InlineData("0\r\n: y\r\n\r\n")]
    [InlineData("0\r\n folded\r\n\r\n")]
    [InlineData("0\r\nX: y\n\r\n")]
    [InlineData("0\r\nX: y\0\r\n\r\n")]
    [InlineData("0\r\n\n")]
    [InlineData("0\r\n\rx")]
    [InlineData("0000000000000005\r\n")]
    [InlineData("ffffffffffffffff\r\n")]
    [InlineData("8000000000000000\r\n")]
    public void A_coding_that_somebody_else_might_read_otherwise_is_broken(string text) => Assert.True(Decode(text).Broken);

    [Theory]
    [InlineData("5\nhello\n0\n\n")]
    [InlineData("5\r\nhello\n0\r\n\n")]
    [InlineData("5 \nhello\r\n0\t\r\n\r\n")]
    [InlineData("5\nhello\n0\nX: y\n\n")]
    public void A_tolerant_reader_ends_lines_with_a_bare_line_feed(string text)
    {
        Assert.Equal(("hello", true, false, text.Length), Decode(text + "GET / HTTP/1.1", tolerant: true));
        Assert.True(Decode(text).Broken);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData(" 5\n")]
    [InlineData("5;a\n")]
    [InlineData("5\rx")]
    [InlineData("5\nhellox")]
    [InlineData("5\nhello\n\n0\n\n")]
    [InlineData("0\nX\n\n")]
    [InlineData("0\nX: y\n folded\n\n")]
    [InlineData("0\n\rx")]
    public void A_tolerant_reader_forgives_nothing_else(string text) => Assert.True(Decode(text, tolerant: true).Broken);

    [Fact]
    public void The_largest_size_that_is_read_does_not_overflow()
    {
        var (data, complete, broken, _) = Decode("fffffffffffffff\r\nabc");
        Assert.Equal(("abc", false, false), (data, complete, broken));
    }

    [Fact]
    public void Extensions_and_trailers_have_a_limit()
    {
        Assert.False(Decode("5;" + new string('x', 1024) + "\r\n").Broken);
        Assert.True(Decode("5;" + new string('x', 1025) + "\r\n").Broken);
        Assert.False(Decode("0\r\nX:" + new string('x', 8190) + "\r\n").Broken);
        Assert.True(Decode("0\r\nX:" + new string('x', 8191) + "\r\n").Broken);
        Assert.False(Decode("0\r\n" + string.Concat(Enumerable.Repeat("X:y\r\n", 100))).Broken);
        Assert.True(Decode("0\r\n" + string.Concat(Enumerable.Repeat("X:y\r\n", 101))).Broken);
    }
}
