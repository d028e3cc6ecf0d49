using System.Text;
using System.Text.Json;
using CsCheck;
using Steelyard.Engine.Logging;

namespace Steelyard.Tests.Logging;

/// <summary>Bytes of strangers in lines that programs read.</summary>
public sealed class LineWriting
{
    private static string Write(string text, int escaping, int most = int.MaxValue, int room = 1000)
    {
        var line = new byte[room];
        var writer = new LineWriter(line);
        writer.Write(Encoding.Latin1.GetBytes(text), (Escaping)escaping, most);
        return Encoding.Latin1.GetString(line, 0, writer.End(line)).TrimEnd('\n');
    }

    [Theory]
    [InlineData((int)Escaping.HaProxy, "a\"b#c{d|e}f\n\u007f\u00e9\\", "a#22b#23c#7Bd#7Ce#7Df#0A#7F#E9\\")]
    [InlineData((int)Escaping.Nginx, "a\"b#c{d|e}f\n\u007f\u00e9\\", "a\\x22b#c{d|e}f\\x0A\\x7F\\xE9\\x5C")]
    [InlineData((int)Escaping.Json, "a\"b#c{d|e}f\n\u007f\u00e9\\", "a\\\"b#c{d|e}f\\u000A\\u007F\\u00E9\\\\")]
    [InlineData((int)Escaping.HaProxyText, "a\"b#c{d|e}f\n\u007f\u00e9\\", "a#22b#23c{d|e}f#0A#7F#E9\\")]
    [InlineData((int)Escaping.NginxJson, "a\"b#c{d|e}f\n\u0001\t\u00e9\\", "a\\\"b#c{d|e}f\\n\\u0001\\t\u00e9\\\\")]
    [InlineData((int)Escaping.StructuredData, "a\"b]c\n\\", "a\\\"b\\]c\\x0A\\\\")]
    [InlineData((int)Escaping.LineEnds, "a\"b\r\n\0c", "a\"b   c")]
    public void What_would_break_a_line_is_escaped(int escaping, string text, string written) => Assert.Equal(written, Write(text, escaping));

    [Fact]
    public void No_escape_is_cut_in_two() => Gen.Select(Gen.Char['\u0001', '\u00ff'].Array[0, 60], Gen.Int[0, 80], Gen.Int[0, (int)Escaping.LineEnds]).Sample((letters, most, escaping) =>
    {
        var text = new string(letters);
        var whole = Write(text, escaping);
        var cut = Write(text, escaping, most);
        Assert.True(cut.Length <= most);
        Assert.StartsWith(cut, whole, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', cut);
        if (escaping == (int)Escaping.Json)
            Assert.StartsWith(JsonSerializer.Deserialize<string>($"\"{cut}\"")!, text, StringComparison.Ordinal);
    });

    [Fact]
    public void There_is_always_room_for_the_end() => Assert.Equal("123456789", Write("1234567890123", (int)Escaping.HaProxy, room: 10));

    [Theory]
    [InlineData("/a?token=abc&b=1", "/a?token=***&b=1")]
    [InlineData("/a?b=1&token=abc", "/a?b=1&token=***")]
    [InlineData("/a?t%6Fk%65n=abc", "/a?t%6Fk%65n=***")]
    [InlineData("/a?token=a=b&token=&token", "/a?token=***&token=***&token")]
    [InlineData("/a?Token=abc&xtoken=1&token2=3", "/a?Token=abc&xtoken=1&token2=3")]
    [InlineData("/token=abc", "/token=abc")]
    [InlineData("GET /?token=a HTTP/1.1", "GET /?token=*** HTTP/1.1")]
    [InlineData("/?a&&token=b&", "/?a&&token=***&")]
    [InlineData("/?", "/?")]
    public void Values_of_named_parameters_are_not_written(string url, string written)
    {
        var line = new byte[200];
        var writer = new LineWriter(line);
        new Redaction(["token"]).Write(ref writer, Encoding.ASCII.GetBytes(url), Escaping.Nginx, 100);
        Assert.Equal(written, Encoding.ASCII.GetString(line, 0, writer.Length));
    }
}
