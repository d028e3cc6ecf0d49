using System.Text;
using CsCheck;
using Steelyard.Apps.Node;

namespace Steelyard.Tests.Apps.Node;

public sealed class LineSplitting
{
    [Fact]
    public void Lines_are_the_same_however_they_come_in_pieces() =>
        Gen.Select(Gen.String[Gen.Char["ab\n"], 0, 200], Gen.Int[1, 9].Array[1, 20]).Sample((text, pieces) =>
        {
            var splitter = new LineSplitter(longest: 8);
            var lines = new List<string>();
            var bytes = Encoding.ASCII.GetBytes(text);
            for (int start = 0, i = 0; start < bytes.Length; i++)
            {
                var length = Math.Min(pieces[i % pieces.Length], bytes.Length - start);
                splitter.Append(bytes.AsSpan(start, length));
                start += length;
                while (splitter.TryTake(out var line))
                    lines.Add(Encoding.ASCII.GetString(line.Span));
            }

            var whole = text.Split('\n')[..^1];
            Assert.Equal(whole.Where(line => line.Length <= 8), lines);
        });

    [Fact]
    public void A_line_without_an_end_is_not_kept()
    {
        var splitter = new LineSplitter(longest: 1000);
        var piece = new byte[600];
        for (var i = 0; i < 10_000; i++)
        {
            splitter.Append(piece);
            Assert.False(splitter.TryTake(out _));
        }

        splitter.Append("end\nnext\n"u8);

        Assert.True(splitter.TryTake(out var line));
        Assert.Equal("next"u8.ToArray(), line.ToArray());
        Assert.Equal(1, splitter.PassedOver);
    }
}
