using System.Globalization;
using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

public sealed class CronScheduleTests
{
    [Theory]
    [InlineData("* * * * *", "2026-11-28 10:30", "2026-11-28 10:31")]
    [InlineData("30 4 * * *", "2026-11-28 04:30", "2026-11-29 04:30")]
    [InlineData("*/15 * * * *", "2026-11-28 10:46", "2026-11-28 11:00")]
    [InlineData("5/20 * * * *", "2026-11-28 10:46", "2026-11-28 11:05")]
    [InlineData("0 0 1 1 *", "2026-11-28 10:30", "2027-01-01 00:00")]
    [InlineData("0 3 * * 0", "2026-11-28 10:30", "2026-11-29 03:00")]
    [InlineData("0 3 * * 7", "2026-11-28 10:30", "2026-11-29 03:00")]
    [InlineData("0 3 * * 1-5", "2026-11-28 10:30", "2026-11-30 03:00")]
    [InlineData("0 0 29 2 *", "2026-11-28 10:30", "2028-02-29 00:00")]
    [InlineData("0 12 13 * 5", "2026-11-28 10:30", "2026-12-04 12:00")]
    [InlineData("@daily", "2026-11-28 10:30", "2026-11-29 00:00")]
    [InlineData("@Hourly", "2026-11-28 10:30", "2026-11-28 11:00")]
    [InlineData("@weekly", "2026-11-28 10:30", "2026-11-29 00:00")]
    [InlineData("@monthly", "2026-11-28 10:30", "2026-12-01 00:00")]
    [InlineData("@yearly", "2026-11-28 10:30", "2027-01-01 00:00")]
    [InlineData("0 3 * * mon-Fri", "2026-11-28 10:30", "2026-11-30 03:00")]
    [InlineData("0 0 1 JAN,mar *", "2027-01-02 10:30", "2027-03-01 00:00")]
    [InlineData("10,20 8-9 * * *", "2026-11-28 09:20", "2026-11-29 08:10")]
    [InlineData("*/20 * * * * *", "2026-11-28 10:30:20", "2026-11-28 10:30:40")]
    [InlineData("*/20 * * * * *", "2026-11-28 10:30:59", "2026-11-28 10:31:00")]
    [InlineData("5 0 3 * * *", "2026-11-28 03:00:05", "2026-11-29 03:00:05")]
    [InlineData("0 3 L * *", "2026-11-30 03:00", "2026-12-31 03:00")]
    [InlineData("0 3 l 2 *", "2027-03-01 00:00", "2028-02-29 03:00")]
    public void The_next_time_is_the_first_that_fits(string schedule, string after, string expected)
    {
        Assert.True(CronSchedule.TryParse(schedule, out var read, out _));

        Assert.Equal(DateTime.Parse(expected, CultureInfo.InvariantCulture), read.After(DateTime.Parse(after, CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("* * * *", "a schedule of 4 fields instead of five, or six with the seconds")]
    [InlineData("* * * * * * *", "a schedule of 7 fields instead of five, or six with the seconds")]
    [InlineData("60 * * * * *", "'60' is not a second from 0 to 59")]
    [InlineData("60 * * * *", "'60' is not a minute from 0 to 59")]
    [InlineData("* 7-5 * * *", "'7-5' is not an hour from 0 to 23")]
    [InlineData("* * 0 * *", "'0' is not a day of the month from 1 to 31")]
    [InlineData("*/0 * * * *", "'*/0' is not a minute from 0 to 59")]
    [InlineData("* * * JANUARY *", "'JANUARY' is not a month from 1 to 12")]
    [InlineData("* JAN * * *", "'JAN' is not an hour from 0 to 23")]
    [InlineData("@fortnightly", "'@fortnightly' is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly")]
    [InlineData("0 0 31 2 *", "a schedule that never comes")]
    public void What_is_no_schedule_is_said(string schedule, string expected)
    {
        Assert.False(CronSchedule.TryParse(schedule, out _, out var wrong));
        Assert.Equal(expected, wrong);
    }
}
