using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>What day.js 1.11.15, which PM2 has, makes of the same.</summary>
public sealed class TimePatternTests
{
    private static readonly DateTimeOffset s_night = new(2026, 3, 1, 0, 5, 9, 7, new(5, 30, 0));
    private static readonly DateTimeOffset s_evening = new(2026, 11, 28, 13, 45, 59, 120, new(-3, 0, 0));

    [Theory]
    [InlineData("YYYY-MM-DD HH:mm:ss.SSS Z", "2026-03-01 00:05:09.007 +05:30", "2026-11-28 13:45:59.120 -03:00")]
    [InlineData("YY/M/D H:m:s ZZ", "26/3/1 0:5:9 +0530", "26/11/28 13:45:59 -0300")]
    [InlineData("dddd, D MMMM | ddd, D MMM | dd d", "Sunday, 1 March | Sun, 1 Mar | Su 0", "Saturday, 28 November | Sat, 28 Nov | Sa 6")]
    [InlineData("h:mm A, hh:mm a", "12:05 AM, 12:05 am", "1:45 PM, 01:45 pm")]
    [InlineData("YYYY-MM-DDTHH:mm:ss", "2026-03-01T00:05:09", "2026-11-28T13:45:59")]
    [InlineData("[Day] D [of] [MMMM", "Day 1 of [March", "Day 28 of [November")]
    [InlineData("[]DDD", "[]011", "[]2828")]
    public void A_time_is_written_as_day_js_writes_it(string pattern, string night, string evening)
    {
        Assert.Equal((night, evening), (new TimePattern(pattern).Format(s_night), new TimePattern(pattern).Format(s_evening)));
        Assert.Null(new TimePattern(pattern).Unknown);
    }

    [Theory]
    [InlineData("x", 'x')]
    [InlineData("YYY", 'Y')]
    [InlineData("[x] HH:mm:ss.S", 'S')]
    [InlineData("Do MMMM", 'o')]
    public void What_only_looks_as_if_it_stood_for_something_is_known(string pattern, char letter) => Assert.Equal(letter, new TimePattern(pattern).Unknown);
}
