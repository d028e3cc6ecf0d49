using System.Text;
using Steelyard.Admin;
using Steelyard.Config;
using Steelyard.Engine.Lists;
using Steelyard.Haproxy;

namespace Steelyard.Tests.Admin;

/// <summary>What comes over a command socket, before anything is done with it.</summary>
public sealed class CommandTalkTests
{
    [Fact]
    public async Task A_payload_that_is_too_long_is_passed_over_and_the_talk_goes_on()
    {
        var served = ConfigurationFile.Parse("listen: [ { bind: \"127.0.0.1:80\", routes: [ { respond: 200 } ] } ]", "test").Snapshot!;
        var talk = new CommandTalk(new(new AdminDesk(null!, null!, new(served, null!, null!, null!))), CommandLevel.User);
        var line = new string('x', 64 * 1024);

        await talk.AnswerAsync("prompt");
        Assert.Equal("+ ", await talk.AnswerAsync("show cli level <<"));
        for (var length = 0; length <= CommandTalk.LongestPayload; length += line.Length)
            Assert.Equal("+ ", await talk.AnswerAsync(line));

        Assert.Equal("The payload is longer than 16 MiB, nothing was done: send it in parts.\n\n\n> ", await talk.AnswerAsync(""));
        await talk.AnswerAsync("show cli level <<");
        await talk.AnswerAsync(line);
        Assert.Equal("user\n\n\n> ", await talk.AnswerAsync(""));
        Assert.False(talk.Over);
    }

    [Fact]
    public void Lines_are_put_together_whatever_their_bytes()
    {
        var lines = new LineBuffer(16);
        byte[] text = [.. "add é\r\nb"u8, 0xFF, .. "\n\nlast"u8];
        List<string> read = [];

        // Byte by byte, so that a letter comes in pieces.
        foreach (var each in text)
        {
            lines.Free.Span[0] = each;
            lines.Take(1);
            Look();
        }

        lines.Take(0);
        Look();
        Assert.Equal(["add é", "b\uDCFF", "", "last"], read);
        Assert.Equal([(byte)'b', 0xFF], BytesText.Encode(read[1]));

        Encoding.UTF8.GetBytes("0123456789abcdef").CopyTo(lines.Free);
        lines.Take(16);
        Assert.True(lines.IsFull);

        void Look()
        {
            while (lines.TryTake(out var line))
                read.Add(line);
        }
    }
}
