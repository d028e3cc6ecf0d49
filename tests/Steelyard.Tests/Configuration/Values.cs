using CsCheck;
using Steelyard.Config;
using Steelyard.Config.Text;

namespace Steelyard.Tests.Configuration;

public sealed class Values
{
    [Theory]
    [InlineData("250ms", 250)]
    [InlineData("10s", 10_000)]
    [InlineData("2m", 120_000)]
    [InlineData("24h", 86_400_000)]
    [InlineData("7d", 604_800_000)]
    [InlineData("0s", 0)]
    public void Durations_carry_their_unit(string text, int milliseconds)
    {
        Assert.True(DurationText.TryParse(text, out var duration, out _));
        Assert.Equal(milliseconds, duration.TotalMilliseconds);
    }

    [Fact]
    public void Every_duration_is_written_as_it_is_read() => Gen.Long[0, 1_000_000_000].Sample(milliseconds =>
    {
        var duration = TimeSpan.FromMilliseconds(milliseconds);
        return DurationText.TryParse(DurationText.Write(duration), out var read, out _) && read == duration;
    });

    [Fact]
    public void Every_size_is_written_as_it_is_read() => Gen.Long[0, long.MaxValue].Sample(bytes =>
        ByteSize.TryParse(new ByteSize(bytes).ToString(), out var read, out string? _) && read.Bytes == bytes);

    [Theory]
    [InlineData("512B", 512)]
    [InlineData("16KiB", 16384)]
    [InlineData("16k", 16384)]
    [InlineData("8M", 8388608)]
    [InlineData("1g", 1073741824)]
    public void Sizes_count_in_steps_of_1024(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out var size, out string? _));
        Assert.Equal(bytes, size.Bytes);
    }

    [Theory]
    [InlineData("8MB")]
    [InlineData("8")]
    [InlineData("")]
    [InlineData("KiB")]
    [InlineData("-1B")]
    [InlineData("9223372036854775808B")]
    [InlineData("8388608TiB")]
    public void What_is_not_surely_a_size_is_refused(string text)
    {
        Assert.False(ByteSize.TryParse(text, out var size, out string? expected));
        Assert.Equal(0, size.Bytes);
        Assert.NotNull(expected);
    }

    [Theory]
    [InlineData("Example.COM:80", "example.com:80")]
    [InlineData("[0:0:0:0:0:0:0:1]:80", "[::1]:80")]
    [InlineData("[FD00::A]:1", "[fd00::a]:1")]
    [InlineData(":0", ":0")]
    [InlineData("worker:80", "worker:80")]
    [InlineData("worker:127.0.0.1:80", "worker:127.0.0.1:80")]
    [InlineData("a_b-c.1x:65535", "a_b-c.1x:65535")]
    [InlineData("unix:/Run/A b", "unix:/Run/A b")]
    public void Equal_addresses_have_one_spelling(string text, string expected)
    {
        Assert.True(NetworkAddress.TryParse(text, out var address, out _));
        Assert.Equal(expected, address.ToString());
        Assert.True(NetworkAddress.TryParse(expected, out var same, out _));
        Assert.Equal(address, same);
    }

    [Fact]
    public void No_text_makes_an_address_throw() => Gen.Char["[]:.*%/unix0149afg -_é\0"].Array[0, 14].Select(letters => new string(letters)).Sample(text =>
        NetworkAddress.TryParse(text, out var address, out var expected) ? address.ToString().Length > 0 : expected.Length > 0);

    [Theory]
    [InlineData("conect", "connect", 1)]
    [InlineData("paht", "path", 1)]
    [InlineData("HOST", "host", 0)]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    public void A_slip_of_the_finger_is_one_step(string from, string to, int distance) => Assert.Equal(distance, NameSuggestions.Distance(from, to));

    [Fact]
    public void Distance_is_symmetric_and_at_most_the_longer_name() =>
        Gen.Select(Gen.Char["abc"].Array[0, 10], Gen.Char["abc"].Array[0, 10], (a, b) => (From: new string(a), To: new string(b))).Sample(names =>
        {
            var distance = NameSuggestions.Distance(names.From, names.To);
            return distance == NameSuggestions.Distance(names.To, names.From)
                && distance <= Math.Max(names.From.Length, names.To.Length)
                && distance == 0 == (names.From == names.To);
        });
}
