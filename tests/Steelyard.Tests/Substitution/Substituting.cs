using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Compression;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Substitution;

namespace Steelyard.Tests.Substitution;

/// <summary>Texts in bodies that are replaced, however the bodies come in pieces.</summary>
public sealed class Substituting
{
    [Theory]
    [InlineData("one two one", false, "1 two 1")]
    [InlineData("one two one", true, "1 two one")]
    [InlineData("ONE Two", false, "1 Two")]
    [InlineData("oone ononeone", false, "o1 on11")]
    [InlineData("abcx abcd", false, "<abc>x <abcd>")]
    [InlineData("end on", false, "end on")]
    [InlineData("gone", false, "g1")]
    [InlineData("", false, "")]
    public void Texts_are_replaced_in_any_pieces(string body, bool once, string expected)
    {
        var settings = Of(once, ("one", "1"), ("abcd", "<abcd>"), ("abc", "<abc>"));
        for (var size = 1; size <= body.Length + 1; size++)
        {
            foreach (var room in (int[])[1, 2, 7, 4096])
                Assert.Equal((size, room, expected), (size, room, Replaced(body, settings, size, room)));
        }
    }

    [Fact]
    public void Bytes_beyond_ASCII_are_what_they_are()
    {
        static string Bytes(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

        Assert.Equal(Bytes("green, GRÜN, green"), Replaced(Bytes("Grün, GRÜN, gRün"), Of(once: false, ("grün", "green")), 3, 7));
    }

    [Fact]
    public void What_cannot_be_the_beginning_of_a_text_does_not_wait()
    {
        var substituter = new Substituter();
        substituter.Begin(Of(once: false, ("</head>", "x</head>")), new TemplateScope { Request = new(), Head = default, Client = new() });
        Assert.Equal("data: 1\n", Feed(substituter, "data: 1\n", Flush.Pause, 4096));
        Assert.Equal("a", Feed(substituter, "a</he", Flush.Pause, 4096));
        Assert.Equal("x</head>b", Feed(substituter, "ad>b", Flush.Pause, 4096));
        Assert.Equal("", Feed(substituter, "</h", Flush.Pause, 4096));
        Assert.Equal("</h", Feed(substituter, "", Flush.End, 4096));
    }

    private static Substitutes Of(bool once, params (string Text, string By)[] texts) =>
        Substitutes.From(new() { Once = once, Texts = texts.Select(text => new Substitute { Text = text.Text, By = TextTemplate.Literal(text.By) }).ToValueList() })!;

    private static string Replaced(string body, Substitutes settings, int size, int room)
    {
        var substituter = new Substituter();
        substituter.Begin(settings, new TemplateScope { Request = new(), Head = default, Client = new() });
        var text = new StringBuilder();
        for (var at = 0; at < body.Length; at += size)
            text.Append(Feed(substituter, body[at..Math.Min(at + size, body.Length)], at + size >= body.Length ? Flush.End : Flush.None, room));
        return text.Append(Feed(substituter, "", Flush.End, room)).ToString();
    }

    private static unsafe string Feed(Substituter substituter, string piece, Flush flush, int room)
    {
        var text = new StringBuilder();
        var bytes = Encoding.Latin1.GetBytes(piece + "\0");
        var written = new byte[room];
        fixed (byte* start = bytes)
        {
            var slice = new BlockSlice(start, piece.Length);
            for (var done = false; !done;)
                text.Append(Encoding.Latin1.GetString(written, 0, substituter.Write(ref slice, written, flush, out done)));
        }

        return text.ToString();
    }
}
